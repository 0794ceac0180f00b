"use strict";

const BYTES_PER_SAMPLE = 2;
const FULL_SCALE = 32768;

/** Greatest absolute value of the samples from `first` up to `end`. */
function loudest(pcm, first, end) {
  let peak = 0;
  for (let sample = first; sample < end; sample += 1) {
    const value = Math.abs(pcm.readInt16LE(sample * BYTES_PER_SAMPLE));
    if (value > peak) {
      peak = value;
    }
  }
  return peak;
}

/**
 * Outline of a sound wave.
 *
 * @param {Buffer} pcm mono samples, signed 16 bit, little endian
 * @param {number} buckets how many values to return
 * @returns {number[]} peaks between 0 and 1
 */
function peaks(pcm, buckets) {
  const count = Math.floor(pcm.length / BYTES_PER_SAMPLE);
  const outline = [];
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const first = Math.floor((bucket * count) / buckets);
    const end = Math.floor(((bucket + 1) * count) / buckets);
    outline.push(loudest(pcm, first, end) / FULL_SCALE);
  }
  return outline;
}

module.exports = { peaks };
