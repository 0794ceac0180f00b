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
  const known = new Map();
  const open = new Set();

  const valueOf = (name) => {
    if (known.has(name)) {
      return known.get(name);
    }
    if (!cells.has(name)) {
      throw new Error(`There is no cell ${name}`);
    }
    if (open.has(name)) {
      throw new Error(`Cell ${name} depends on itself`);
    }
    open.add(name);
    const content = cells.get(name);
    const value = typeof content === "number" ? content : OPERATIONS[content.op](content.refs.map(valueOf));
    open.delete(name);
    known.set(name, value);
    return value;
  };

  return new Map([...cells.keys()].map((name) => [name, valueOf(name)]));
}

module.exports = { evaluateSheet };
