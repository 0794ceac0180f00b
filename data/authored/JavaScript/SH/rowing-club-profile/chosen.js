"use strict";

const FIELD_TYPES = { name: "string", phone: "string", bio: "string", newsletter: "boolean" };

/** What a form changes in the profile of a member. */
function readChanges(body) {
  const changes = {};
  for (const [field, type] of Object.entries(FIELD_TYPES)) {
    if (!Object.hasOwn(body, field)) {
      continue;
    }
    const value = body[field];
    if (typeof value !== type) {
      throw new TypeError(`${field} must be a ${type}`);
    }
    changes[field] = type === "string" ? value.trim() : value;
  }
  return changes;
}

/**
 * Save what a member has changed in the profile.
 *
 * @param {{ get: Function, put: Function }} store
 * @param {string} memberId
 * @param {object} body parsed body of the request
 * @returns {Promise<object>} the record without the password hash
 */
async function updateProfile(store, memberId, body) {
  const changes = readChanges(body);
  const member = await store.get(memberId);
  if (!member) {
    throw new Error(`There is no member ${memberId}`);
  }
  const updated = { ...member, ...changes };
  await store.put(updated);

  const { passwordHash, ...visible } = updated;
  return visible;
}

module.exports = { updateProfile };
