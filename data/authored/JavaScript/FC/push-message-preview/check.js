"use strict";

const assert = require("node:assert");
const { preview } = require("./solution.js");

assert.strictEqual(preview("  Hello \n  there ", 20), "Hello there");
assert.strictEqual(preview("Hello there", 11), "Hello there");
assert.strictEqual(preview("Hello there", 10), "Hello the…");
assert.strictEqual(preview("Hello there", 7), "Hello…");
assert.strictEqual(preview("", 5), "");
assert.throws(() => preview("abc", 1), RangeError);
assert.strictEqual(preview("😀😀😀", 3), "😀😀😀");
assert.strictEqual(preview("a😀b😀c", 3), "a😀…");
assert.strictEqual(preview("😀😀😀😀", 2), "😀…");
