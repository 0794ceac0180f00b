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
  // Steps such as ".." are resolved first, then the result is compared.
  const folder = path.resolve(root);
  const file = path.normalize(path.join(folder, decoded));
  if (!file.startsWith(folder) || file.length === folder.length) {
    return null;
  }
  return TILE_TYPES.has(path.extname(file)) ? file : null;
}

module.exports = { tileFile };
