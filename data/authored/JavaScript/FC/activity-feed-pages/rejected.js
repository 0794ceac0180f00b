"use strict";

/** Newest entry first. */
function byRecency(a, b) {
  return b.at - a.at || b.id - a.id;
}

function encode({ at, id }) {
  return Buffer.from(JSON.stringify([at, id])).toString("base64url");
}

function decode(cursor) {
  const [at, id] = JSON.parse(Buffer.from(cursor, "base64url").toString());
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
    candidates = entries.filter((entry) => entry.at <= last.at && entry.id < last.id);
  }
  const ordered = [...candidates].sort(byRecency);
  const items = ordered.slice(0, size);
  const next = ordered.length > size ? encode(items.at(-1)) : null;
  return { items, next };
}

module.exports = { feedPage };
