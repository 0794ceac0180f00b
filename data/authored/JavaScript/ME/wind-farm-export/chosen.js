"use strict";

const { pipeline } = require("node:stream/promises");

const HEADER = "turbine,at,kilowatts\n";

/** One reading as a line of CSV. */
function toLine({ turbine, at, kilowatts }) {
  return `${turbine},${at.toISOString()},${kilowatts.toFixed(1)}\n`;
}

/**
 * Write readings as CSV and end the response.
 *
 * @param {AsyncIterable<{ turbine: string, at: Date, kilowatts: number }>} readings
 * @param {import("node:stream").Writable} response
 * @returns {Promise<number>} how many readings there were
 */
async function exportReadings(readings, response) {
  let count = 0;

  /** The header, then a line of text for each of the readings. */
  async function* lines() {
    yield HEADER;
    for await (const reading of readings) {
      count += 1;
      yield toLine(reading);
    }
  }

  await pipeline(lines, response);
  return count;
}

module.exports = { exportReadings };
