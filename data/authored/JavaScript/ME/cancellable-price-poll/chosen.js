"use strict";

/**
 * Wait for a while, or until a signal fires.
 *
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function delay(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const cancel = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", cancel);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", cancel, { once: true });
  });
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
    try {
      await delay(milliseconds, signal);
    } catch {
      return;
    }
  }
}

module.exports = { delay, poll };
