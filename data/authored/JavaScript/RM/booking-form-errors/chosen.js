"use strict";

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/;
const MAX_GUESTS = 8;

const isDate = (text) => ISO_DATE.test(text) && !Number.isNaN(Date.parse(text));
const isGuestCount = (text) => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_GUESTS;

const RULES = [
  ["name", (form) => form.name.trim() !== "", "Please enter your name"],
  ["email", (form) => EMAIL.test(form.email), "Please enter a valid e-mail address"],
  ["guests", (form) => isGuestCount(form.guests), `Between 1 and ${MAX_GUESTS} guests`],
  ["arrival", (form) => isDate(form.arrival), "Please enter a date"],
  ["departure", (form) => isDate(form.departure), "Please enter a date"],
  ["departure", (form) => !isDate(form.arrival) || form.departure > form.arrival, "Must be after the arrival"],
];

/**
 * First broken rule of each field of the booking form.
 *
 * @param {Record<string, string>} form
 * @returns {Record<string, string>}
 */
function bookingErrors(form) {
  const errors = {};
  for (const [field, holds, message] of RULES) {
    if (!(field in errors) && !holds(form)) {
      errors[field] = message;
    }
  }
  return errors;
}

module.exports = { bookingErrors };
