"use strict";

const assert = require("node:assert");
const { Writable } = require("node:stream");
const { exportReadings } = require("./solution.js");

let most = 0;

class Connection extends Writable {
  constructor() {
    super({ highWaterMark: 512 });
    this.text = "";
  }

  _write(chunk, encoding, done) {
    this.text += chunk;
    most = Math.max(most, this.writableLength);
    setImmediate(done);
  }
}

async function* readings(count) {
  for (let number = 0; number < count; number += 1) {
    yield { turbine: `T${number % 3}`, at: new Date(1_700_000_000_000 + number), kilowatts: number / 4 };
  }
}

async function main() {
  const response = new Connection();
  assert.strictEqual(await exportReadings(readings(3000), response), 3000);
  assert.ok(response.writableFinished);
  const lines = response.text.split("\n");
  assert.strictEqual(lines.length, 3002);
  assert.deepStrictEqual(lines.slice(0, 2), ["turbine,at,kilowatts", "T0,2023-11-14T22:13:20.000Z,0.0"]);
  assert.strictEqual(lines[3000], "T2,2023-11-14T22:13:22.999Z,749.8");

  const broken = new Connection();
  broken._write = (chunk, encoding, done) => setImmediate(done, new Error("connection lost"));
  await assert.rejects(exportReadings(readings(5), broken), /connection lost/);
  assert.ok(most < 4096, `${most} bytes waited in the response`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
