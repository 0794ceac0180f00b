"use strict";

const assert = require("node:assert");

const { set } = Map.prototype;
let stored = 0;
Map.prototype.set = function (...entry) {
  stored += 1;
  return set.apply(this, entry);
};
const { byArtist } = require("./solution.js");

const song = (title, artist, album, track) => ({ title, artist, album, track });
const songs = [song("c", "Zoe", "Two", 1), song("b", "Ann", "One", 1), song("a", "Zoe", "One", 12), song("d", "Zoe", "One", 3)];
const found = [...byArtist(songs)].map(([artist, list]) => [artist, list.map(({ title }) => title).join("")]);
assert.deepStrictEqual(found, [["Zoe", "dac"], ["Ann", "b"]]);
assert.strictEqual(songs.map(({ title }) => title).join(""), "cbad");
assert.strictEqual(byArtist([]).size, 0);

stored = 0;
const many = Array.from({ length: 600 }, (_, number) => song("x", `artist ${number % 300}`, "One", number));
assert.strictEqual(byArtist(many).size, 300);
assert.ok(stored < 3000, `${stored} entries were stored for 600 songs`);
