"use strict";

const ELLIPSIS = "…";

/** Replace every run of white space by one space. */
function collapse(text) {
  return text.trim().replace(/\s+/gu, " ");
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
  const characters = [...text];
  if (characters.length <= limit) {
    return text;
  }
  const kept = characters.slice(0, limit - ELLIPSIS.length).join("");
  return kept.trimEnd() + ELLIPSIS;
}

module.exports = { preview };
