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
  const site = origin.replace(/\/$/, "");
  if (next === site) {
    return "/";
  }
  if (next.startsWith(`${site}/`)) {
    return next.slice(site.length);
  }
  if (next.startsWith("/")) {
    return next;
  }
  const isUrl = /^[a-z][a-z0-9+.-]*:/i.test(next);
  return isUrl ? DEFAULT_TARGET : `/${next}`;
}

module.exports = { returnTarget };
