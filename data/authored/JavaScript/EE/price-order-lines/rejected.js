"use strict";

/**
 * Totals of orders in cents.
 *
 * @param {{ id: string, customerId: string, lines: { sku: string, quantity: number }[] }[]} orders
 * @param {{ sku: string, cents: number }[]} products
 * @param {{ customerId: string, percent: number }[]} discounts
 * @returns {Record<string, number>}
 */
function priceOrders(orders, products, discounts) {
  return orders.reduce((totals, order) => {
    const cents = order.lines.reduce((sum, { sku, quantity }) => {
      const product = products.find((candidate) => candidate.sku === sku);
      if (!product) {
        throw new Error(`order ${order.id} asks for unknown product ${sku}`);
      }
      return sum + product.cents * quantity;
    }, 0);
    const discount = discounts.find(({ customerId }) => customerId === order.customerId);
    const percent = discount ? discount.percent : 0;
    return { ...totals, [order.id]: Math.round((cents * (100 - percent)) / 100) };
  }, {});
}

module.exports = { priceOrders };
