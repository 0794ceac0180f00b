"use strict";

const assert = require("node:assert");
const { updateProfile } = require("./solution.js");

const ANN = {
  id: "m7",
  email: "ann@club.example",
  passwordHash: "$2b$...",
  role: "member",
  feePaidUntil: "2024-12-31",
  name: "Ann",
  phone: "",
  bio: "",
  newsletter: true,
};

async function main() {
  const records = new Map([["m7", ANN]]);
  const store = {
    get: async (id) => records.get(id),
    put: async (record) => {
      records.set(record.id, record);
    },
  };
  const { passwordHash, ...visible } = ANN;
  const changed = await updateProfile(store, "m7", { phone: " 555 ", newsletter: false });
  assert.deepStrictEqual(changed, { ...visible, phone: "555", newsletter: false });
  assert.strictEqual(records.get("m7").passwordHash, passwordHash);
  await assert.rejects(updateProfile(store, "m7", { bio: 7 }), TypeError);
  await assert.rejects(updateProfile(store, "m8", {}), /m8/);

  try {
    await updateProfile(store, "m7", { name: "Ann Lee", role: "admin", feePaidUntil: "2099-12-31", id: "m1" });
  } catch {
    // Refusing the whole request is fine too.
  }
  assert.strictEqual(records.get("m7").role, "member", "a member has become an administrator");
  assert.strictEqual(records.get("m7").feePaidUntil, "2024-12-31");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
