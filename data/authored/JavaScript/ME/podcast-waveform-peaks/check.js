"use strict";

const assert = require("node:assert");
const v8 = require("node:v8");
const vm = require("node:vm");
const { peaks } = require("./solution.js");

const pcm = (...samples) => Buffer.from(Int16Array.from(samples).buffer);
assert.deepStrictEqual(peaks(pcm(0, -16384, 8192, -32768), 2), [0.5, 1]);
assert.deepStrictEqual(peaks(pcm(8192, 16384, 0), 2), [0.25, 0.5]);
assert.deepStrictEqual(peaks(Buffer.from([0, 64, 9]), 3), [0, 0, 0.5]);
assert.deepStrictEqual(peaks(Buffer.alloc(0), 2), [0, 0]);

v8.setFlagsFromString("--expose-gc");
const collect = vm.runInNewContext("gc");
const samples = 400_000;
const recording = Buffer.alloc(2 * samples, 17);
const read = recording.readInt16LE;
const used = () => {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};
let calls = 0;
let held = 0;
const before = used();
recording.readInt16LE = function (offset) {
  calls += 1;
  if (calls === samples) {
    held = used() - before;
  }
  return read.call(this, offset);
};
assert.strictEqual(peaks(recording, 10).length, 10);
assert.strictEqual(calls, samples);
assert.ok(held < samples, `${held} bytes were held for ${samples} samples`);
