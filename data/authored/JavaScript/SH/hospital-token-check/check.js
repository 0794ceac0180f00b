"use strict";

const assert = require("node:assert");
const { createHmac, generateKeyPairSync, sign } = require("node:crypto");
const { readToken } = require("./solution.js");

const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = keys.publicKey.export({ type: "spki", format: "pem" });
const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
const rsa = (text) => sign("RSA-SHA256", Buffer.from(text), keys.privateKey).toString("base64url");

function token(claims, alg = "RS256", seal = rsa) {
  const text = `${encode({ alg, typ: "JWT" })}.${encode(claims)}`;
  return `${text}.${seal(text)}`;
}

const claims = { sub: "dr-lee", exp: 2000, nbf: 1000 };
const good = token(claims);
assert.deepStrictEqual(readToken(good, pem, 1500), claims);
assert.strictEqual(readToken(good, pem, 2000), null);
assert.strictEqual(readToken(good, pem, 999), null);
assert.deepStrictEqual(readToken(token({ exp: 9 }), pem, 1), { exp: 9 });
const [header, , signature] = good.split(".");
const changed = `${header}.${encode({ ...claims, sub: "dr-no" })}.${signature}`;
for (const wrong of [changed, "", "a.b", `${good}.x`, token({ sub: "x" }), token(claims, "none", () => "")]) {
  assert.strictEqual(readToken(wrong, pem, 1500), null, wrong);
}

const forged = token(claims, "HS256", (text) => createHmac("sha256", pem).update(text).digest("base64url"));
assert.strictEqual(readToken(forged, pem, 1500), null, "a token signed with the public key was accepted");
