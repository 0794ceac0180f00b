"use strict";

const FULL_POINTS = { single: 2, multiple: 3 };
const PARTIAL_POINTS = { single: 0, multiple: 1 };
const PARTIAL_SHARE = 0.5;
const TIME_LIMIT_MINUTES = 45;
const OVERTIME_PENALTY = 5;
const PASS_SHARE = 0.8;

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** Points that an answer to a question earns. */
function pointsFor({ kind, right }, chosen) {
  if (!chosen.every((option) => right.includes(option))) {
    return 0;
  }
  if (chosen.length === right.length) {
    return FULL_POINTS[kind];
  }
  return chosen.length >= right.length * PARTIAL_SHARE ? PARTIAL_POINTS[kind] : 0;
}

/**
 * Mark a theory test.
 *
 * @param {{ id: string, kind: "single" | "multiple", right: string[] }[]} questions
 * @param {Record<string, string[]>} answers chosen options by question id
 * @param {number} minutes how long the test took
 */
function markTest(questions, answers, minutes) {
  const marks = questions.map((question) => ({
    id: question.id,
    points: pointsFor(question, answers[question.id] ?? []),
    maximum: FULL_POINTS[question.kind],
  }));
  const penalty = minutes > TIME_LIMIT_MINUTES ? OVERTIME_PENALTY : 0;
  const points = Math.max(sum(marks.map((mark) => mark.points)) - penalty, 0);
  const maximum = sum(marks.map((mark) => mark.maximum));
  const wrong = marks.filter((mark) => mark.points < mark.maximum).map((mark) => mark.id);
  return { points, maximum, passed: points >= maximum * PASS_SHARE, wrong };
}

module.exports = { markTest };
