"use strict";

const { createHash } = require("node:crypto");
const { open, readdir, writeFile } = require("node:fs/promises");
const path = require("node:path");

/** Size and digest of one file. */
async function describe(file) {
  const hash = createHash("sha256");
  let bytes = 0;
  const handle = await open(file);
  for await (const chunk of handle.createReadStream()) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, digest: hash.digest("hex") };
}

/**
 * Write the checksums of the files in a folder.
 *
 * @param {string} folder
 * @param {string} manifestPath
 * @returns {Promise<number>} bytes of all files together
 */
async function writeManifest(folder, manifestPath) {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name).sort();

  const lines = [];
  let total = 0;
  for (const name of names) {
    const { bytes, digest } = await describe(path.join(folder, name));
    lines.push(`${digest}  ${bytes}  ${name}\n`);
    total += bytes;
  }
  await writeFile(manifestPath, lines.join(""));
  return total;
}

module.exports = { writeManifest };
