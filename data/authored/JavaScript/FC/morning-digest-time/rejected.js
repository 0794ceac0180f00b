"use strict";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Milliseconds by which the clocks of a zone are ahead of UTC at an instant. */
function offsetAt(instant, timeZone) {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const read = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const shown = Date.UTC(read.year, read.month - 1, read.day, read.hour, read.minute, read.second);
  return shown - Math.floor(instant / 1000) * 1000;
}

/**
 * When to send the next digest.
 *
 * @param {Date} now
 * @param {string} timeZone IANA name of the user's zone
 * @param {number} hour hour of the day on the user's clock
 * @returns {Date}
 */
function nextDigest(now, timeZone, hour) {
  const offset = offsetAt(now.getTime(), timeZone);
  const local = new Date(now.getTime() + offset);
  const today = local.setUTCHours(hour, 0, 0, 0) - offset;
  return new Date(today > now.getTime() ? today : today + DAY_MS);
}

module.exports = { nextDigest };
