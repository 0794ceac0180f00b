"use strict";

/**
 * Read the filter of the ticket search.
 *
 * @param {URLSearchParams} query
 * @param {number} now current time in milliseconds
 */
function parseSearch(query, now) {
  let a = query.get("q");
  a = a ? (a.trim() ? a.trim() : null) : null;

  let b = query.get("state");
  if (b) {
    b = b.split(",").filter((x) => x === "open" || x === "pending" || x === "closed");
    if (b.length === 0) b = ["open", "pending", "closed"];
  } else {
    b = ["open", "pending", "closed"];
  }

  let c = query.get("since");
  if (c && /^\d+[hdw]$/.test(c)) {
    const n = Number(c.slice(0, -1));
    if (c[c.length - 1] === "h") c = now - n * 3600000;
    else if (c[c.length - 1] === "d") c = now - n * 86400000;
    else c = now - n * 604800000;
  } else {
    c = null;
  }

  let d = query.get("page");
  d = d && /^\d+$/.test(d) ? (Number(d) > 500 ? 500 : Number(d) < 1 ? 1 : Number(d)) : 1;

  return { text: a, states: b, createdAfter: c, page: d };
}

module.exports = { parseSearch };
