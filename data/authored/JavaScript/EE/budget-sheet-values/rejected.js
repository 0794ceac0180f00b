"use strict";

const OPERATIONS = {
  sum: (numbers) => numbers.reduce((total, number) => total + number, 0),
  product: (numbers) => numbers.reduce((total, number) => total * number, 1),
  max: (numbers) => Math.max(...numbers),
};

/**
 * Work out all cells of a sheet.
 *
 * @param {Map<string, number | { op: string, refs: string[] }>} cells
 * @returns {Map<string, number>}
 */
function evaluateSheet(cells) {
  const open = new Set();

  const valueOf = (name) => {
    const content = cells.get(name);
    if (content === undefined) {
      throw new Error(`There is no cell ${name}`);
    }
    if (typeof content === "number") {
      return content;
    }
    // A cell that is still open further up refers to itself.
    if (open.has(name)) {
      throw new Error(`Cell ${name} depends on itself`);
    }
    open.add(name);
    const numbers = content.refs.map((reference) => valueOf(reference));
    open.delete(name);
    return OPERATIONS[content.op](numbers);
  };

  const values = new Map();
  for (const name of cells.keys()) {
    values.set(name, valueOf(name));
  }
  return values;
}

module.exports = { evaluateSheet };
