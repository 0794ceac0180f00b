"use strict";

const assert = require("node:assert");
const { evaluateSheet } = require("./solution.js");

const small = new Map([
  ["total", { op: "sum", refs: ["rent", "food"] }],
  ["rent", 700],
  ["food", { op: "product", refs: ["days", "price"] }],
  ["days", 30],
  ["price", 9],
  ["peak", { op: "max", refs: ["rent", "food"] }],
]);
assert.deepStrictEqual(
  [...evaluateSheet(small)],
  [["total", 970], ["rent", 700], ["food", 270], ["days", 30], ["price", 9], ["peak", 700]],
);
assert.throws(() => evaluateSheet(new Map([["a", { op: "sum", refs: ["b"] }]])), /b/);
assert.throws(() => evaluateSheet(new Map([["a", { op: "sum", refs: ["a"] }]])), /a/);

let reads = 0;
const layered = new Map([["c0", 1]]);
for (let level = 1; level <= 14; level += 1) {
  const refs = [`c${level - 1}`, `c${level - 1}`];
  layered.set(`c${level}`, {
    op: "sum",
    get refs() {
      reads += 1;
      return refs;
    },
  });
}
assert.strictEqual(evaluateSheet(layered).get("c14"), 2 ** 14);
assert.ok(reads < 100, `14 formulas were read ${reads} times`);
