"use strict";

const SINGLE_POINTS = 2;
const MULTIPLE_POINTS = 3;
const PARTIAL_POINTS = 1;
const TIME_LIMIT_MINUTES = 45;
const PENALTY = 5;
const PASS_SHARE = 0.8;

let points;
let maximum;
let wrong;
let current;

/** Start a new test. */
function reset() {
  points = 0;
  maximum = 0;
  wrong = [];
}

/** Count a question; `current` has to be set before. */
function handleQuestion(answer) {
  let n = 0;
  for (const option of answer) {
    n += current.right.includes(option) ? 1 : -100;
  }
  maximum += current.kind === "single" ? SINGLE_POINTS : MULTIPLE_POINTS;
  if (n === current.right.length) {
    points += current.kind === "single" ? SINGLE_POINTS : MULTIPLE_POINTS;
    return;
  }
  wrong.push(current.id);
  if (current.kind !== "single" && n >= 0 && n >= current.right.length / 2) {
    points += PARTIAL_POINTS;
  }
}

/**
 * Mark a theory test.
 *
 * @param {{ id: string, kind: "single" | "multiple", right: string[] }[]} questions
 * @param {Record<string, string[]>} answers chosen options by question id
 * @param {number} minutes how long the test took
 */
function markTest(questions, answers, minutes) {
  reset();
  for (current of questions) {
    handleQuestion(answers[current.id] ?? []);
  }
  points = minutes > TIME_LIMIT_MINUTES ? Math.max(points - PENALTY, 0) : points;
  return { points, maximum, passed: points >= maximum * PASS_SHARE, wrong };
}

module.exports = { markTest };
