"use strict";

const SECONDS = 10;

/** Counts the bytes that each connection receives. */
class BandwidthMeter {
  #clock;
  #figures = new Map();

  /** @param {() => number} clock current time in milliseconds */
  constructor(clock) {
    this.#clock = clock;
  }

  /** Count bytes that have come in on a socket. */
  record(socket, bytes) {
    const now = Math.floor(this.#clock() / 1000);
    const entries = this.#recent(socket, now);
    const latest = entries.at(-1);
    if (latest?.second === now) {
      latest.bytes += bytes;
    } else {
      entries.push({ second: now, bytes });
    }
    this.#figures.set(socket, entries);
  }

  /** Bytes per second over the last full seconds. */
  rate(socket) {
    const now = Math.floor(this.#clock() / 1000);
    const full = this.#recent(socket, now).filter(({ second }) => second < now);
    return full.reduce((sum, { bytes }) => sum + bytes, 0) / SECONDS;
  }

  /** Forget what a socket has received. */
  reset(socket) {
    this.#figures.delete(socket);
  }

  /** Entries of a socket that still count. */
  #recent(socket, now) {
    const entries = this.#figures.get(socket) ?? [];
    return entries.filter(({ second }) => second >= now - SECONDS);
  }
}

module.exports = { BandwidthMeter };
