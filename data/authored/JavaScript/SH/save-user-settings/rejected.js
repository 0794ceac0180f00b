"use strict";

function isPlainObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mergeInto(target, patch) {
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) {
      delete target[key];
    } else if (isPlainObject(value)) {
      target[key] = mergeInto(isPlainObject(target[key]) ? target[key] : {}, value);
    } else {
      target[key] = structuredClone(value);
    }
  }
  return target;
}

/**
 * Merge a patch into settings.
 *
 * @param {object} current settings of the user so far
 * @param {object} patch parsed body of the request
 * @returns {object} the new settings
 */
function applySettings(current, patch) {
  return mergeInto(structuredClone(current), patch);
}

module.exports = { applySettings };
