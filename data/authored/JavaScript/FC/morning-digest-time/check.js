"use strict";

const assert = require("node:assert");
const { nextDigest } = require("./solution.js");

const next = (now, zone, hour) => nextDigest(new Date(now), zone, hour).toISOString();

assert.strictEqual(next("2024-01-10T03:00:00.250Z", "Europe/Berlin", 7), "2024-01-10T06:00:00.000Z");
assert.strictEqual(next("2024-01-10T06:00:00Z", "Europe/Berlin", 7), "2024-01-11T06:00:00.000Z");
assert.strictEqual(next("2024-07-31T20:00:00Z", "Europe/Berlin", 18), "2024-08-01T16:00:00.000Z");
assert.strictEqual(next("2024-12-31T12:00:00Z", "Asia/Kolkata", 6), "2025-01-01T00:30:00.000Z");
assert.strictEqual(next("2024-05-01T23:00:00Z", "America/New_York", 20), "2024-05-02T00:00:00.000Z");
assert.strictEqual(next("2024-03-30T20:00:00Z", "Europe/Berlin", 7), "2024-03-31T05:00:00.000Z");
assert.strictEqual(next("2024-10-26T10:00:00Z", "Europe/Berlin", 7), "2024-10-27T06:00:00.000Z");
assert.strictEqual(next("2024-11-03T04:30:00Z", "America/New_York", 9), "2024-11-03T14:00:00.000Z");
