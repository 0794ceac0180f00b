"use strict";

const assert = require("node:assert");
const { Autosave } = require("./solution.js");

const settle = () => new Promise((resolve) => setImmediate(resolve));

async function main() {
  const calls = [];
  const save = (text) => new Promise((resolve, reject) => calls.push({ text, resolve, reject }));
  const autosave = new Autosave(save);
  assert.strictEqual(autosave.status(), "saved");

  autosave.edit("a");
  assert.strictEqual(autosave.status(), "saving");
  calls[0].resolve();
  await settle();
  assert.strictEqual(autosave.status(), "saved");

  autosave.edit("b");
  calls[1].reject(new Error("offline"));
  await settle();
  assert.strictEqual(autosave.status(), "failed");

  autosave.edit("c");
  assert.strictEqual(calls.length, 3);
  autosave.edit("d");
  autosave.edit("e");
  assert.strictEqual(calls.length, 3);
  calls[2].resolve();
  await settle();
  assert.deepStrictEqual(calls.map((call) => call.text), ["a", "b", "c", "e"]);
  assert.strictEqual(autosave.status(), "saving");
  calls[3].resolve();
  await settle();
  assert.strictEqual(autosave.status(), "saved");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
