"use strict";

const MAX_STARS = 5;
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escape(text) {
  return String(text).replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/** Address as a link needs it: many people leave out the protocol. */
function linkTarget(website) {
  const address = website.trim();
  return /^[a-z][a-z0-9+.-]*:/i.test(address) ? address : `https://${address}`;
}

function authorHtml(author, website) {
  const name = escape(author);
  if (!website?.trim()) {
    return name;
  }
  return `<a href="${escape(linkTarget(website))}" rel="nofollow noopener">${name}</a>`;
}

/**
 * HTML of one gardening tip.
 *
 * @param {{ author: string, website?: string, stars: number, text: string }} tip
 * @returns {string}
 */
function tipCard({ author, website, stars, text }) {
  const filled = Math.min(Math.max(Math.trunc(Number(stars)) || 0, 0), MAX_STARS);
  const rating = "★".repeat(filled) + "☆".repeat(MAX_STARS - filled);
  const lines = text.split("\n").map((line) => line.trim());
  const paragraphs = lines.filter((line) => line !== "").map((line) => `<p>${escape(line)}</p>`);
  const header = `<header>${authorHtml(author, website)} ${rating}</header>`;
  return `<article class="tip">${header}${paragraphs.join("")}</article>`;
}

module.exports = { tipCard };
