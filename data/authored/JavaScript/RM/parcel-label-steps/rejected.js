"use strict";

/**
 * Book a carrier for an order and print the label.
 *
 * @param {{ id: string, customerId: string, weight: number }} order
 * @param {object} services functions for each of the steps
 * @returns {Promise<{ carrier: string, trackingNumber: string }>}
 */
function printLabel(order, services) {
  return new Promise((resolve, reject) => {
    const result = {};
    services.fetchAddress(order.customerId).then((address) => {
      services.chooseCarrier(address, order.weight).then((carrier) => {
        result.carrier = carrier;
        services.book(carrier, address, order.id).then((booking) => {
          result.trackingNumber = booking.trackingNumber;
          services.print(booking.label).then(
            () => {
              const done = () => resolve(result);
              services.notify(order.id, result.trackingNumber).then(done, (error) => {
                services.log(error);
                done();
              });
            },
            (printError) => {
              const failed = () => reject(printError);
              services.cancel(result.trackingNumber).then(failed, (error) => {
                services.log(error);
                failed();
              });
            },
          );
        }, reject);
      }, reject);
    }, reject);
  });
}

module.exports = { printLabel };
