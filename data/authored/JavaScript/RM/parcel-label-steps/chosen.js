"use strict";

/** Print a label, or take the booking back if that fails. */
async function printOrCancel({ trackingNumber, label }, services) {
  try {
    await services.print(label);
  } catch (printError) {
    await services.cancel(trackingNumber).catch((error) => services.log(error));
    throw printError;
  }
}

/**
 * Book a carrier for an order and print the label.
 *
 * @param {{ id: string, customerId: string, weight: number }} order
 * @param {object} services functions for each of the steps
 * @returns {Promise<{ carrier: string, trackingNumber: string }>}
 */
async function printLabel(order, services) {
  const address = await services.fetchAddress(order.customerId);
  const carrier = await services.chooseCarrier(address, order.weight);
  const booking = await services.book(carrier, address, order.id);
  await printOrCancel(booking, services);

  const { trackingNumber } = booking;
  await services.notify(order.id, trackingNumber).catch((error) => services.log(error));
  return { carrier, trackingNumber };
}

module.exports = { printLabel };
