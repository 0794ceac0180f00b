"use strict";

/** Alert rules of the log viewer, compiled once. */
class AlertRules {
  /** @param {{ name: string, pattern: string }[]} definitions */
  constructor(definitions) {
    this.rules = definitions.map(({ name, pattern }) => {
      try {
        return { name, expression: new RegExp(pattern, "i") };
      } catch (error) {
        throw new Error(`rule "${name}": ${error.message}`);
      }
    });
  }

  /**
   * Names of the rules that match one line.
   *
   * @param {string} line
   * @returns {string[]}
   */
  matching(line) {
    return this.rules.filter(({ expression }) => expression.test(line)).map(({ name }) => name);
  }

  /**
   * How many lines each rule matches.
   *
   * @param {Iterable<string>} lines
   * @returns {Map<string, number>}
   */
  summary(lines) {
    const counts = new Map(this.rules.map(({ name }) => [name, 0]));
    for (const line of lines) {
      for (const name of this.matching(line)) {
        counts.set(name, counts.get(name) + 1);
      }
    }
    return counts;
  }
}

module.exports = { AlertRules };
