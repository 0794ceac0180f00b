"use strict";

const DEFAULT_TARGET = "/home";

/**
 * Where to send somebody who has just logged in.
 *
 * @param {unknown} next value of the query parameter
 * @param {string} origin scheme, host and port of our site
 * @returns {string} path on our site
 */
function returnTarget(next, origin) {
  if (typeof next !== "string" || next === "") {
    return DEFAULT_TARGET;
  }
  let target;
  try {
    target = new URL(next, origin);
  } catch {
    return DEFAULT_TARGET;
  }
  if (target.origin !== new URL(origin).origin || target.pathname.startsWith("//")) {
    return DEFAULT_TARGET;
  }
  return target.pathname + target.search + target.hash;
}

module.exports = { returnTarget };
