"use strict";

/** Saves the newest text of a draft, one save at a time. */
class Autosave {
  #save;
  #text = "";
  #state = "saved";
  #changed = false;

  /** @param {(text: string) => Promise<void>} save */
  constructor(save) {
    this.#save = save;
  }

  /** Take over the text after a change. */
  edit(text) {
    this.#text = text;
    this.#changed = true;
    if (this.#state !== "saving") {
      this.#run();
    }
  }

  /** @returns {"saved" | "saving" | "failed"} */
  status() {
    return this.#state;
  }

  async #run() {
    this.#state = "saving";
    let outcome = "saved";
    while (this.#changed) {
      try {
        await this.#save(this.#text);
        outcome = "saved";
      } catch {
        outcome = "failed";
      }
      this.#changed = false;
    }
    this.#state = outcome;
  }
}

module.exports = { Autosave };
