"use strict";

const assert = require("node:assert");
const { feedPage } = require("./solution.js");

function walk(entries, size) {
  const ids = [];
  let cursor = null;
  do {
    const page = feedPage(entries, size, cursor);
    assert.ok(page.items.length <= size);
    ids.push(...page.items.map((entry) => entry.id));
    cursor = page.next;
  } while (cursor !== null && ids.length < 100);
  return ids;
}

const entry = (id, at) => ({ id, at, text: `entry ${id}` });
const growing = [entry(1, 10), entry(2, 20), entry(4, 30), entry(3, 30), entry(5, 30), entry(6, 40)];

assert.deepStrictEqual(feedPage([], 3, null), { items: [], next: null });
assert.deepStrictEqual(walk(growing, 10), [6, 5, 4, 3, 2, 1]);
assert.deepStrictEqual(walk(growing, 2), [6, 5, 4, 3, 2, 1]);
assert.strictEqual(feedPage(growing, 6, null).next, null);
const first = feedPage(growing, 2, null);
const later = [entry(7, 50), ...growing];
assert.deepStrictEqual(feedPage(later, 2, first.next).items.map(({ id }) => id), [4, 3]);
assert.strictEqual(growing[0].id, 1);
const imported = [entry(9, 10), entry(1, 30), entry(8, 20), entry(2, 20)];
assert.deepStrictEqual(walk(imported, 2), [1, 8, 2, 9]);
assert.deepStrictEqual(walk(imported, 1), [1, 8, 2, 9]);
