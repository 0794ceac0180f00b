"use strict";

/** State that follows on each event that matters, by present state. */
const TRANSITIONS = new Map([
  ["closed", new Map([["ticket", "opening"]])],
  [
    "opening",
    new Map([
      ["opened", "open"],
      ["obstacle", "blocked"],
    ]),
  ],
  ["open", new Map([["passed", "closing"]])],
  [
    "closing",
    new Map([
      ["shut", "closed"],
      ["ticket", "opening"],
      ["obstacle", "opening"],
    ]),
  ],
  ["blocked", new Map([["cleared", "opening"]])],
]);

const ALARM_STATE = "open";

/**
 * State of the gate after an event.
 *
 * @param {string} state one of closed, opening, open, closing and blocked
 * @param {string} event
 * @returns {string}
 */
function nextState(state, event) {
  const transitions = TRANSITIONS.get(state);
  if (transitions === undefined) {
    throw new RangeError(`Unknown state of the gate: ${state}`);
  }
  if (event === "alarm") {
    return ALARM_STATE;
  }
  return transitions.get(event) ?? state;
}

module.exports = { nextState };
