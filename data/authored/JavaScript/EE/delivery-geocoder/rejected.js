"use strict";

/** One form for all ways to write an address. */
function normalise(address) {
  return address.trim().replace(/\s+/g, " ").toLowerCase();
}

/** Coordinates of addresses, with a memory for those already asked for. */
class Geocoder {
  #lookUp;
  #places = new Map();

  /** @param {(address: string) => Promise<{ lat: number, lon: number }>} lookUp */
  constructor(lookUp) {
    this.#lookUp = lookUp;
  }

  /**
   * Find the coordinates of an address.
   *
   * @param {string} address
   * @returns {Promise<{ lat: number, lon: number }>}
   */
  async locate(address) {
    const key = normalise(address);
    const known = this.#places.get(key);
    if (known !== undefined) {
      return known;
    }
    const place = await this.#lookUp(address);
    this.#places.set(key, place);
    return place;
  }
}

module.exports = { Geocoder };
