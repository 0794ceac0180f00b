"use strict";

const path = require("node:path");

const TILE_TYPES = new Set([".png", ".webp"]);

function decode(urlPath) {
  try {
    return decodeURIComponent(urlPath);
  } catch {
    return null;
  }
}

/** Whether a path lies below a folder. */
function isBelow(folder, file) {
  const way = path.relative(folder, file);
  return way !== "" && way !== ".." && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
}

/**
 * File that belongs to a request for a tile.
 *
 * @param {string} root absolute path of the folder with the tiles
 * @param {string} urlPath path of the request, percent-encoded
 * @returns {string | null} absolute path, or null if there is no such tile
 */
function tileFile(root, urlPath) {
  const decoded = decode(urlPath);
  if (decoded === null || decoded.includes("\0")) {
    return null;
  }
  const file = path.join(root, decoded);
  if (!isBelow(root, file) || !TILE_TYPES.has(path.extname(file))) {
    return null;
  }
  return file;
}

module.exports = { tileFile };
