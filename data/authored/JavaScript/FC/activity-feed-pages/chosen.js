"use strict";

/** Newest entry first. */
function byRecency(a, b) {
  return b.at - a.at || b.id - a.id;
}

function encode({ at, id }) {
  return Buffer.from(`${at}:${id}`).toString("base64url");
}

function decode(cursor) {
  const [at, id] = Buffer.from(cursor, "base64url").toString().split(":").map(Number);
  return { at, id };
}

/**
 * One page of the feed.
 *
 * @param {{ id: number, at: number, text: string }[]} entries
 * @param {number} size entries on a page
 * @param {string | null} cursor `next` of the page before
 */
function feedPage(entries, size, cursor) {
  let candidates = entries;
  if (cursor !== null) {
    const last = decode(cursor);
    candidates = entries.filter((entry) => byRecency(last, entry) < 0);
  }
  const ordered = [...candidates].sort(byRecency);
  const items = ordered.slice(0, size);
  const next = ordered.length > size ? encode(items.at(-1)) : null;
  return { items, next };
}

module.exports = { feedPage };
