"use strict";

const MINUTE_MS = 60 * 1000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Units from the largest to the smallest. */
const UNITS = [
  ["year", 365 * DAY_MS],
  ["month", 30 * DAY_MS],
  ["week", 7 * DAY_MS],
  ["day", DAY_MS],
  ["hour", HOUR_MS],
  ["minute", MINUTE_MS],
];

const FORMAT = new Intl.RelativeTimeFormat("en", { numeric: "always" });

/**
 * How long before or after now a time lies, in words.
 *
 * @param {Date} then
 * @param {Date} now
 * @returns {string}
 */
function timeLabel(then, now) {
  const distance = then.getTime() - now.getTime();
  const unit = UNITS.find(([, length]) => Math.abs(distance) >= length);
  if (unit === undefined) {
    return "just now";
  }
  const [name, length] = unit;
  return FORMAT.format(Math.trunc(distance / length), name);
}

module.exports = { timeLabel };
