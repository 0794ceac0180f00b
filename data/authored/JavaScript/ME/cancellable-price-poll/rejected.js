"use strict";

/** Promise that rejects with the reason of a signal once it fires. */
function aborted(signal) {
  return new Promise((_, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
    } else {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    }
  });
}

/**
 * Wait for a while, or until a signal fires.
 *
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
async function delay(milliseconds, signal) {
  let timer;
  const elapsed = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  try {
    await Promise.race([elapsed, aborted(signal)]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Show a price again and again until a signal fires.
 *
 * @param {() => Promise<number>} fetchPrice
 * @param {(price: number) => void} show
 * @param {number} milliseconds pause between two prices
 * @param {AbortSignal} signal
 */
async function poll(fetchPrice, show, milliseconds, signal) {
  while (!signal.aborted) {
    show(await fetchPrice());
    await delay(milliseconds, signal).catch(() => {});
  }
}

module.exports = { delay, poll };
