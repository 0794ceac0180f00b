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
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.#lookUp(address);
      this.#places.set(key, place);
      place.catch(() => this.#places.delete(key));
    }
    return place;
  }
}

module.exports = { Geocoder };
