"use strict";

const assert = require("node:assert/strict");
const { JobQueue } = require("./solution");

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const giveUp = setTimeout(() => {
  console.error("the queue did not finish");
  process.exit(1);
}, 2000);

async function main() {
  const queue = new JobQueue(2);
  assert.equal(queue.idle, true);
  let running = 0;
  let most = 0;
  const started = [];
  const job = (name) => async () => {
    started.push(name);
    running += 1;
    most = Math.max(most, running);
    await pause(5);
    running -= 1;
    return name;
  };
  assert.deepEqual(await Promise.all([..."abcde"].map((name) => queue.add(job(name)))), [..."abcde"]);
  assert.deepEqual(started, [..."abcde"]);
  assert.equal(most, 2);
  assert.equal(await queue.add(() => 7), 7);
  await assert.rejects(queue.add(async () => { throw new Error("late"); }), /late/);
  assert.equal(await queue.add(() => "next"), "next");

  const single = new JobQueue(1);
  await assert.rejects(single.add(() => { throw new Error("at once"); }), /at once/);
  assert.equal(await single.add(() => "after"), "after");
  await pause(5);
  assert.equal(single.idle, true);
  clearTimeout(giveUp);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
