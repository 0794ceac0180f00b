"use strict";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const MONTH = 30 * DAY;
const YEAR = 365 * DAY;

/**
 * How long before or after now a time lies, in words.
 *
 * @param {Date} then
 * @param {Date} now
 * @returns {string}
 */
function timeLabel(then, now) {
  const inFuture = then.getTime() > now.getTime();
  const label = (text) => (inFuture ? `in ${text}` : `${text} ago`);

  const seconds = Math.floor(Math.abs(now.getTime() - then.getTime()) / 1000);
  if (seconds < MINUTE) return "just now";

  const years = Math.floor(seconds / YEAR);
  if (years > 0) return label(years === 1 ? "1 year" : `${years} years`);

  const months = Math.floor(seconds / MONTH);
  if (months > 0) return label(months === 1 ? "1 month" : `${months} months`);

  const weeks = Math.floor(seconds / WEEK);
  if (weeks > 0) return label(weeks === 1 ? "1 week" : `${weeks} weeks`);

  const days = Math.floor(seconds / DAY);
  if (days > 0) return label(days === 1 ? "1 day" : `${days} days`);

  const hours = Math.floor(seconds / HOUR);
  if (hours > 0) return label(hours === 1 ? "1 hour" : `${hours} hours`);

  const minutes = Math.floor(seconds / MINUTE);
  return label(minutes === 1 ? "1 minute" : `${minutes} minutes`);
}

module.exports = { timeLabel };
