"use strict";

/**
 * First broken rule of each field of the booking form.
 *
 * @param {Record<string, string>} form
 * @returns {Record<string, string>}
 */
function bookingErrors(form) {
  const res = {};
  let flag = false;
  let flag2 = false;

  if (form.name.trim() === "") {
    res.name = "Please enter your name";
  }

  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(form.email)) {
    res.email = "Please enter a valid e-mail address";
  }

  if (/^\d+$/.test(form.guests)) {
    const n = Number(form.guests);
    if (n < 1) {
      res.guests = "Between 1 and 8 guests";
    } else {
      if (n > 8) {
        res.guests = "Between 1 and 8 guests";
      }
    }
  } else {
    res.guests = "Between 1 and 8 guests";
  }

  if (/^\d{4}-\d{2}-\d{2}$/.test(form.arrival) && !Number.isNaN(Date.parse(form.arrival))) {
    flag = true;
  } else {
    res.arrival = "Please enter a date";
  }
  if (/^\d{4}-\d{2}-\d{2}$/.test(form.departure) && !Number.isNaN(Date.parse(form.departure))) {
    flag2 = true;
  } else {
    res.departure = "Please enter a date";
  }
  if (flag) {
    if (flag2) {
      if (!(form.departure > form.arrival)) {
        res.departure = "Must be after the arrival";
      }
    }
  }
  return res;
}

module.exports = { bookingErrors };
