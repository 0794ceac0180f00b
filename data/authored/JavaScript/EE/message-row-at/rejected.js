"use strict";

/** Where the rows of a long list lie. */
class RowIndex {
  #tops;
  #total;

  /** @param {number[]} heights height of each row in pixels */
  constructor(heights) {
    if (heights.length === 0) {
      throw new RangeError("There has to be a row");
    }
    this.#tops = new Float64Array(heights.length);
    this.#total = 0;
    heights.forEach((height, row) => {
      this.#tops[row] = this.#total;
      this.#total += height;
    });
  }

  /** Height of all rows together. */
  total() {
    return this.#total;
  }

  /** Distance of a row from the start. */
  top(row) {
    return this.#tops[row];
  }

  /** Index of the row at a distance from the start. */
  rowAt(offset) {
    const following = this.#tops.findIndex((top) => top > offset);
    if (following === -1) {
      return this.#tops.length - 1;
    }
    return Math.max(following - 1, 0);
  }
}

module.exports = { RowIndex };
