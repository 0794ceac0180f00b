"use strict";

/** Saves the newest text of a draft, one save at a time. */
class Autosave {
  #save;
  #running = false;
  #failed = false;
  #pending = null;

  /** @param {(text: string) => Promise<void>} save */
  constructor(save) {
    this.#save = save;
  }

  /** Take over the text after a change. */
  edit(text) {
    this.#pending = { text };
    if (!this.#running) {
      this.#drain();
    }
  }

  /** @returns {"saved" | "saving" | "failed"} */
  status() {
    if (this.#running) {
      return "saving";
    }
    return this.#failed ? "failed" : "saved";
  }

  async #drain() {
    this.#running = true;
    while (this.#pending !== null) {
      const { text } = this.#pending;
      this.#pending = null;
      try {
        await this.#save(text);
        this.#failed = false;
      } catch {
        this.#failed = true;
      }
    }
    this.#running = false;
  }
}

module.exports = { Autosave };
