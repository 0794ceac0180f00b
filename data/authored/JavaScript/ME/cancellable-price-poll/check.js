"use strict";

const assert = require("node:assert");
const { getEventListeners } = require("node:events");
const { delay, poll } = require("./solution.js");

process.removeAllListeners("warning");

async function main() {
  const controller = new AbortController();
  const shown = [];
  let price = 0;
  let most = 0;
  const fetchPrice = async () => (price += 1);
  const show = (value) => {
    shown.push(value);
    most = Math.max(most, getEventListeners(controller.signal, "abort").length);
    if (value === 12) {
      controller.abort(new Error("closed"));
    }
  };
  await poll(fetchPrice, show, 1, controller.signal);
  assert.deepStrictEqual(shown, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  await assert.rejects(delay(1, controller.signal), /closed/);

  const second = new AbortController();
  const waiting = delay(60_000, second.signal);
  second.abort(new Error("gone"));
  await assert.rejects(waiting, /gone/);
  await assert.rejects(poll(async () => 1, () => { throw new Error("no screen"); }, 1, new AbortController().signal), /screen/);
  assert.ok(most <= 1, `${most} listeners hung on the signal at once`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
