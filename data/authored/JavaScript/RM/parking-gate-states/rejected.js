"use strict";

const STATES = ["closed", "opening", "open", "closing", "blocked"];

/**
 * State of the gate after an event.
 *
 * @param {string} state one of closed, opening, open, closing and blocked
 * @param {string} event
 * @returns {string}
 */
function nextState(state, event) {
  const i = STATES.indexOf(state);
  if (i < 0) {
    throw new RangeError(`Unknown state of the gate: ${state}`);
  }
  switch (event) {
    case "ticket":
      return i % 3 === 0 ? STATES[1] : state;
    case "opened":
    case "passed":
      return i === (event === "opened" ? 1 : 2) ? STATES[i + 1] : state;
    case "shut":
      return i === 3 ? STATES[0] : state;
    case "obstacle":
      return i === 1 ? STATES[4] : i === 3 ? STATES[1] : state;
    case "cleared":
      return i > 3 ? STATES[1] : state;
    default:
      return event === "alarm" ? STATES[2] : state;
  }
}

module.exports = { nextState };
