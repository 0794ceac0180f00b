# frozen_string_literal: true

# Points that orders have earned.
class LoyaltyStatement
  WEEKEND_FACTOR = 2
  LARGE_ORDER_CENTS = 100_00
  LARGE_ORDER_BONUS = 50

  def initialize(orders)
    @orders = orders
  end

  def total
    @orders.sum { |order| points(order) }
  end

  def by_month
    points_by { |order| order.placed_on.strftime("%Y-%m") }.sort.to_h
  end

  def best_customer
    points_by(&:customer).max_by { |_customer, points| points }&.first
  end

  private

  def points_by(&key)
    @orders.group_by(&key).transform_values do |orders|
      orders.sum { |order| points(order) }
    end
  end

  def points(order)
    weekend = order.placed_on.saturday? || order.placed_on.sunday?
    base = order.cents / 100 * (weekend ? WEEKEND_FACTOR : 1)
    order.cents >= LARGE_ORDER_CENTS ? base + LARGE_ORDER_BONUS : base
  end
end
