"use strict";

const assert = require("node:assert");
const v8 = require("node:v8");
const vm = require("node:vm");
const { BandwidthMeter } = require("./solution.js");

v8.setFlagsFromString("--expose-gc");
const collect = vm.runInNewContext("gc");

let now = 50_000;
const meter = new BandwidthMeter(() => now);
const socket = {};
assert.strictEqual(meter.rate(socket), 0);
meter.record(socket, 600);
meter.record(socket, 400);
assert.strictEqual(meter.rate(socket), 0);
now += 1500;
meter.record(socket, 70);
assert.strictEqual(meter.rate(socket), 100);
now += 8600;
assert.strictEqual(meter.rate(socket), 107);
now += 1000;
assert.strictEqual(meter.rate(socket), 7);
meter.record(socket, 30);
meter.reset(socket);
now += 1000;
assert.strictEqual(meter.rate(socket), 0);

function connect() {
  const visitor = { buffer: new Array(1000).fill(0) };
  meter.record(visitor, 10);
  return new WeakRef(visitor);
}

const gone = Array.from({ length: 20 }, connect);
setTimeout(() => {
  collect();
  const held = gone.filter((visitor) => visitor.deref() !== undefined).length;
  assert.ok(held <= 1, `${held} of 20 dropped sockets are still held`);
  meter.record(socket, 1);
}, 5);
