"use strict";

const BYTES_PER_SAMPLE = 2;
const FULL_SCALE = 32768;

/** Samples of a recording as numbers between -1 and 1. */
function decode(pcm) {
  const count = Math.floor(pcm.length / BYTES_PER_SAMPLE);
  const samples = new Float64Array(count);
  for (let sample = 0; sample < count; sample += 1) {
    samples[sample] = pcm.readInt16LE(sample * BYTES_PER_SAMPLE) / FULL_SCALE;
  }
  return samples;
}

/**
 * Outline of a sound wave.
 *
 * @param {Buffer} pcm mono samples, signed 16 bit, little endian
 * @param {number} buckets how many values to return
 * @returns {number[]} peaks between 0 and 1
 */
function peaks(pcm, buckets) {
  const samples = decode(pcm).map(Math.abs);
  const outline = [];
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const first = Math.floor((bucket * samples.length) / buckets);
    const end = Math.floor(((bucket + 1) * samples.length) / buckets);
    outline.push(samples.slice(first, end).reduce((peak, value) => Math.max(peak, value), 0));
  }
  return outline;
}

module.exports = { peaks };
