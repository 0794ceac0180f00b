"use strict";

/** Where the rows of a long list lie. */
class RowIndex {
  #tops;

  /** @param {number[]} heights height of each row in pixels */
  constructor(heights) {
    if (heights.length === 0) {
      throw new RangeError("There has to be a row");
    }
    this.#tops = new Float64Array(heights.length + 1);
    heights.forEach((height, row) => {
      this.#tops[row + 1] = this.#tops[row] + height;
    });
  }

  /** Height of all rows together. */
  total() {
    return this.#tops.at(-1);
  }

  /** Distance of a row from the start. */
  top(row) {
    return this.#tops[row];
  }

  /** Index of the row at a distance from the start. */
  rowAt(offset) {
    let first = 0;
    let last = this.#tops.length - 2;
    while (first < last) {
      const middle = Math.ceil((first + last) / 2);
      if (this.#tops[middle] <= offset) {
        first = middle;
      } else {
        last = middle - 1;
      }
    }
    return first;
  }
}

module.exports = { RowIndex };
