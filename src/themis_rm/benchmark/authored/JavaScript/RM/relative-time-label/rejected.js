"use strict";

/**
 * How long before or after now a time lies, in words.
 *
 * @param {Date} then
 * @param {Date} now
 * @returns {string}
 */
function timeLabel(then, now) {
  const inFuture = then.getTime() > now.getTime();
  const plural = (count) => (count > 1 ? "s" : "");
  const seconds = Math.floor(Math.abs(now.getTime() - then.getTime()) / 1000);
  if (seconds < 60) return "just now";

  const years = Math.floor(seconds / 31536000);
  if (years > 0) return inFuture ? `in ${years} year${plural(years)}` : `${years} year${plural(years)} ago`;

  const months = Math.floor(seconds / 2592000);
  if (months > 0) return inFuture ? `in ${months} month${plural(months)}` : `${months} month${plural(months)} ago`;

  const weeks = Math.floor(seconds / 604800);
  if (weeks > 0) return inFuture ? `in ${weeks} week${plural(weeks)}` : `${weeks} week${plural(weeks)} ago`;

  const days = Math.floor(seconds / 86400);
  if (days > 0) return inFuture ? `in ${days} day${plural(days)}` : `${days} day${plural(days)} ago`;

  const hours = Math.floor(seconds / 3600);
  if (hours > 0) return inFuture ? `in ${hours} hour${plural(hours)}` : `${hours} hour${plural(hours)} ago`;

  const minutes = Math.floor(seconds / 60);
  return inFuture ? `in ${minutes} minute${plural(minutes)}` : `${minutes} minute${plural(minutes)} ago`;
}

module.exports = { timeLabel };
