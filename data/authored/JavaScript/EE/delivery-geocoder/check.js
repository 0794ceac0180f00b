"use strict";

const assert = require("node:assert");
const { Geocoder } = require("./solution.js");

async function main() {
  const asked = [];
  let broken = false;
  const lookUp = async (address) => {
    asked.push(address);
    await new Promise((resolve) => setImmediate(resolve));
    if (broken) {
      throw new Error("too many requests");
    }
    return { lat: address.length, lon: 8 };
  };
  const geocoder = new Geocoder(lookUp);

  broken = true;
  await assert.rejects(geocoder.locate("Quay 1"), /too many/);
  broken = false;
  assert.deepStrictEqual(await geocoder.locate("Quay 1"), { lat: 6, lon: 8 });
  await geocoder.locate(" QUAY   1");
  assert.strictEqual(asked.length, 2);

  const places = await Promise.all(Array.from({ length: 20 }, () => geocoder.locate("Mill Lane 4")));
  assert.ok(places.every(({ lat }) => lat === 11));
  assert.strictEqual(asked.length, 3, `one address was looked up ${asked.length - 2} times`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
