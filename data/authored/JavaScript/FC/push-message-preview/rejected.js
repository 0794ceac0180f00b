"use strict";

const ELLIPSIS = "…";

/** Replace every run of white space by one space. */
function collapse(text) {
  return text.trim().replace(/\s+/gu, " ");
}

/** Number of code points of a text. */
function lengthOf(text) {
  return Array.from(text).length;
}

/**
 * Shorten a message for a notification.
 *
 * @param {string} message
 * @param {number} limit length of the result at most, in code points
 * @returns {string}
 */
function preview(message, limit) {
  if (!Number.isInteger(limit) || limit < 2) {
    throw new RangeError(`limit must be a whole number from 2, not ${limit}`);
  }
  const text = collapse(message);
  if (lengthOf(text) <= limit) {
    return text;
  }
  const kept = text.substring(0, limit - lengthOf(ELLIPSIS));
  return kept.trimEnd() + ELLIPSIS;
}

module.exports = { preview };
