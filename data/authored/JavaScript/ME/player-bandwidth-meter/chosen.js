"use strict";

const SECONDS = 10;
/** One for each full second and one for the current second. */
const SLOTS = SECONDS + 1;

/** Counts the bytes that each connection receives. */
class BandwidthMeter {
  #clock;
  #figures = new WeakMap();

  /** @param {() => number} clock current time in milliseconds */
  constructor(clock) {
    this.#clock = clock;
  }

  /** Count bytes that have come in on a socket. */
  record(socket, bytes) {
    let slots = this.#figures.get(socket);
    if (slots === undefined) {
      slots = Array.from({ length: SLOTS }, () => ({ second: -1, bytes: 0 }));
      this.#figures.set(socket, slots);
    }
    const second = Math.floor(this.#clock() / 1000);
    const slot = slots[second % SLOTS];
    if (slot.second !== second) {
      slot.second = second;
      slot.bytes = 0;
    }
    slot.bytes += bytes;
  }

  /** Bytes per second over the last full seconds. */
  rate(socket) {
    const now = Math.floor(this.#clock() / 1000);
    const slots = this.#figures.get(socket) ?? [];
    const recent = slots.filter(({ second }) => second < now && second >= now - SECONDS);
    return recent.reduce((sum, { bytes }) => sum + bytes, 0) / SECONDS;
  }

  /** Forget what a socket has received. */
  reset(socket) {
    this.#figures.delete(socket);
  }
}

module.exports = { BandwidthMeter };
