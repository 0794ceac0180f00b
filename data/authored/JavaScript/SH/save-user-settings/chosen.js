"use strict";

function isPlainObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Merge a patch into settings.
 *
 * @param {object} current settings of the user so far
 * @param {object} patch parsed body of the request
 * @returns {object} the new settings
 */
function applySettings(current, patch) {
  const merged = new Map(Object.entries(structuredClone(current)));
  for (const [key, value] of Object.entries(patch)) {
    if (key === "__proto__" || key === "constructor" || key === "prototype") {
      continue;
    }
    const previous = merged.get(key);
    if (value === null) {
      merged.delete(key);
    } else if (isPlainObject(value)) {
      merged.set(key, applySettings(isPlainObject(previous) ? previous : {}, value));
    } else {
      merged.set(key, structuredClone(value));
    }
  }
  return Object.fromEntries(merged);
}

module.exports = { applySettings };
