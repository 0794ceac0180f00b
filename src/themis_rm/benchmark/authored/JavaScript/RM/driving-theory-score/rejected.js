"use strict";

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
  maximum += current.kind === "single" ? 2 : 3;
  if (n === current.right.length) {
    points += current.kind === "single" ? 2 : 3;
    return;
  }
  wrong.push(current.id);
  if (current.kind !== "single" && n >= 0 && n >= current.right.length / 2) {
    points += 1;
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
  points = minutes > 45 ? Math.max(points - 5, 0) : points;
  return { points, maximum, passed: points >= maximum * 0.8, wrong };
}

module.exports = { markTest };
