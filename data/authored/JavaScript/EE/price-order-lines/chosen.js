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
  // Orders refer to products by SKU and to discounts by customer.
  const centsBySku = new Map(products.map((product) => [product.sku, product.cents]));
  const percentByCustomer = new Map(discounts.map((discount) => [discount.customerId, discount.percent]));

  const totals = {};
  for (const order of orders) {
    let cents = 0;
    for (const { sku, quantity } of order.lines) {
      if (!centsBySku.has(sku)) {
        throw new Error(`order ${order.id} asks for unknown product ${sku}`);
      }
      cents += centsBySku.get(sku) * quantity;
    }
    const percent = percentByCustomer.get(order.customerId) ?? 0;
    totals[order.id] = Math.round((cents * (100 - percent)) / 100);
  }
  return totals;
}

module.exports = { priceOrders };
