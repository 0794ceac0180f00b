"use strict";

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
  const local = new Date(now.getTime() + offsetAt(now.getTime(), timeZone));
  const atDay = (days) => {
    const clock = Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate() + days, hour);
    const guess = clock - offsetAt(now.getTime(), timeZone);
    // The guess is near enough to tell the offset of that day.
    return new Date(clock - offsetAt(guess, timeZone));
  };
  const today = atDay(0);
  return today > now ? today : atDay(1);
}

module.exports = { nextDigest };
