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
    sum = 0
    @orders.each do |order|
      points = order.cents / 100
      points *= WEEKEND_FACTOR if order.placed_on.saturday? || order.placed_on.sunday?
      points += LARGE_ORDER_BONUS if order.cents >= LARGE_ORDER_CENTS
      sum += points
    end
    sum
  end

  def by_month
    months = Hash.new(0)
    @orders.each do |order|
      points = order.cents / 100
      points *= WEEKEND_FACTOR if order.placed_on.saturday? || order.placed_on.sunday?
      points += LARGE_ORDER_BONUS if order.cents >= LARGE_ORDER_CENTS
      months[order.placed_on.strftime("%Y-%m")] += points
    end
    months.sort.to_h
  end

  def best_customer
    customers = Hash.new(0)
    @orders.each do |order|
      points = order.cents / 100
      points *= WEEKEND_FACTOR if order.placed_on.saturday? || order.placed_on.sunday?
      points += LARGE_ORDER_BONUS if order.cents >= LARGE_ORDER_CENTS
      customers[order.customer] += points
    end
    customers.max_by { |_customer, points| points }&.first
  end
end
