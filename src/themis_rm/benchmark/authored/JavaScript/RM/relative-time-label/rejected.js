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
  const label = (text) => (inFuture ? `in ${text}` : `${text} ago`);

  const seconds = Math.floor(Math.abs(now.getTime() - then.getTime()) / 1000);
  if (seconds < 60) return "just now";

  const years = Math.floor(seconds / 31536000);
  if (years > 0) return label(years === 1 ? "1 year" : `${years} years`);

  const months = Math.floor(seconds / 2592000);
  if (months > 0) return label(months === 1 ? "1 month" : `${months} months`);

  const weeks = Math.floor(seconds / 604800);
  if (weeks > 0) return label(weeks === 1 ? "1 week" : `${weeks} weeks`);

  const days = Math.floor(seconds / 86400);
  if (days > 0) return label(days === 1 ? "1 day" : `${days} days`);

  const hours = Math.floor(seconds / 3600);
  if (hours > 0) return label(hours === 1 ? "1 hour" : `${hours} hours`);

  const minutes = Math.floor(seconds / 60);
  return label(minutes === 1 ? "1 minute" : `${minutes} minutes`);
}

module.exports = { timeLabel };
