"use strict";

/** Runs jobs in the order of their arrival, a limited number at a time. */
class JobQueue {
  #limit;
  #running = 0;
  #waiting = [];

  /** @param {number} limit how many jobs may run at once */
  constructor(limit) {
    if (!Number.isInteger(limit) || limit < 1) {
      throw new RangeError(`limit must be a positive integer, not ${limit}`);
    }
    this.#limit = limit;
  }

  get idle() {
    return this.#running === 0 && this.#waiting.length === 0;
  }

  /**
   * @template T
   * @param {() => T | Promise<T>} job
   * @returns {Promise<T>}
   */
  add(job) {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => Promise.resolve(job()).then(resolve, reject));
      this.#startNext();
    });
  }

  #startNext() {
    while (this.#running < this.#limit && this.#waiting.length > 0) {
      const start = this.#waiting.shift();
      this.#running += 1;
      start().finally(() => {
        this.#running -= 1;
        this.#startNext();
      });
    }
  }
}

module.exports = { JobQueue };
