"use strict";

const { createHash } = require("node:crypto");
const { readdir, readFile, writeFile } = require("node:fs/promises");
const path = require("node:path");

/** Size and digest of one file. */
async function describe(file) {
  const contents = await readFile(file);
  const digest = createHash("sha256").update(contents).digest("hex");
  return { bytes: contents.length, digest };
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
