"use strict";

const assert = require("node:assert");
const { RowIndex } = require("./solution.js");

const rows = new RowIndex([20, 35, 5, 40]);
assert.strictEqual(rows.total(), 100);
assert.deepStrictEqual([0, 1, 2, 3].map((row) => rows.top(row)), [0, 20, 55, 60]);
const found = [-4, 0, 19.5, 20, 54, 55, 60, 99, 100, 5000].map((offset) => rows.rowAt(offset));
assert.deepStrictEqual(found, [0, 0, 0, 1, 1, 2, 3, 3, 3, 3]);
assert.strictEqual(new RowIndex([7]).rowAt(3), 0);

let compared = 0;
const offset = {
  valueOf() {
    compared += 1;
    return 29_990;
  },
};
assert.strictEqual(new RowIndex(new Array(4000).fill(10)).rowAt(offset), 2999);
assert.ok(compared < 60, `the offset was compared ${compared} times in 4000 rows`);
