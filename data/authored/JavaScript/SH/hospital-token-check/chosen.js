"use strict";

const { verify } = require("node:crypto");

const ALGORITHM = "RS256";

/** Header or claims from a part of a token. */
function parsePart(part) {
  return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
}

/** Whether a token with these claims may be used at a time. */
function isCurrent({ exp, nbf }, now) {
  return typeof exp === "number" && exp > now && (nbf === undefined || nbf <= now);
}

/**
 * Claims of a token that the identity service has signed.
 *
 * @param {string} token
 * @param {string} publicKey key of the identity service in PEM
 * @param {number} now time in seconds
 * @returns {object | null}
 */
function readToken(token, publicKey, now) {
  try {
    const [header, payload, signature, ...rest] = token.split(".");
    // A token has three parts, and the service signs in one way.
    if (rest.length > 0 || parsePart(header).alg !== ALGORITHM) {
      return null;
    }
    const signed = Buffer.from(`${header}.${payload}`);
    if (!verify("RSA-SHA256", signed, publicKey, Buffer.from(signature, "base64url"))) {
      return null;
    }
    const claims = parsePart(payload);
    return isCurrent(claims, now) ? claims : null;
  } catch {
    return null;
  }
}

module.exports = { readToken };
