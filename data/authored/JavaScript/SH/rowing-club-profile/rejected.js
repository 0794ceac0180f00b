"use strict";

const FIELD_TYPES = { name: "string", phone: "string", bio: "string", newsletter: "boolean" };

/** Make sure that a form holds values of the right types. */
function checkTypes(body) {
  for (const [field, value] of Object.entries(body)) {
    const type = FIELD_TYPES[field];
    if (type !== undefined && typeof value !== type) {
      throw new TypeError(`${field} must be a ${type}`);
    }
  }
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
  checkTypes(body);
  const member = await store.get(memberId);
  if (!member) {
    throw new Error(`There is no member ${memberId}`);
  }
  const updated = { ...member };
  for (const [field, value] of Object.entries(body)) {
    updated[field] = typeof value === "string" ? value.trim() : value;
  }
  // Whatever the form says, it is about the member who is logged in.
  updated.id = member.id;
  updated.email = member.email;
  updated.passwordHash = member.passwordHash;
  await store.put(updated);

  const { passwordHash, ...visible } = updated;
  return visible;
}

module.exports = { updateProfile };
