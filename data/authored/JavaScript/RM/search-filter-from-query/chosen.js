"use strict";

const STATES = ["open", "pending", "closed"];
const MAX_PAGE = 500;
const HOUR_MS = 60 * 60 * 1000;
const UNIT_MS = { h: HOUR_MS, d: 24 * HOUR_MS, w: 7 * 24 * HOUR_MS };

function parseStates(value) {
  const states = (value ?? "").split(",").filter((state) => STATES.includes(state));
  return states.length > 0 ? states : [...STATES];
}

function parseSince(value, now) {
  const match = /^(\d+)([hdw])$/.exec(value ?? "");
  if (!match) {
    return null;
  }
  const [, amount, unit] = match;
  return now - Number(amount) * UNIT_MS[unit];
}

function parsePage(value) {
  const page = /^\d+$/.test(value ?? "") ? Number(value) : 1;
  return Math.min(Math.max(page, 1), MAX_PAGE);
}

/**
 * Read the filter of the ticket search.
 *
 * @param {URLSearchParams} query
 * @param {number} now current time in milliseconds
 */
function parseSearch(query, now) {
  return {
    text: query.get("q")?.trim() || null,
    states: parseStates(query.get("state")),
    createdAfter: parseSince(query.get("since"), now),
    page: parsePage(query.get("page")),
  };
}

module.exports = { parseSearch };
