"use strict";

const assert = require("node:assert/strict");
const { AlertRules } = require("./solution");

const rules = new AlertRules([
  { name: "timeout", pattern: "timed? ?out" },
  { name: "disk", pattern: "no space left" },
]);
assert.deepEqual(rules.matching("GET /a Timed out"), ["timeout"]);
assert.deepEqual(rules.matching("all well"), []);
assert.deepEqual(rules.matching("No space left; timeout"), ["timeout", "disk"]);
assert.throws(() => new AlertRules([{ name: "odd", pattern: "(" }]), /odd/);
assert.deepEqual(new AlertRules([{ name: "a", pattern: "b" }]).summary([]), new Map([["a", 0]]));

const fresh = new AlertRules([{ name: "error", pattern: "error" }]);
const lines = ["an error", "error again", "ERROR: third", "fine"];
assert.deepEqual(fresh.summary(lines), new Map([["error", 3]]));
