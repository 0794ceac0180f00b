# frozen_string_literal: true

# Points that orders have earned.
class LoyaltyStatement
  def initialize(orders)
    @orders = orders
  end

  def total
    x = 0
    for i in 0...@orders.length
      o = @orders[i]
      p = o.cents / 100
      p = p * 2 if o.placed_on.wday == 0 || o.placed_on.wday == 6
      p = p + 50 if o.cents >= 10000
      x = x + p
    end
    return x
  end

  def by_month
    h = {}
    for i in 0...@orders.length
      o = @orders[i]
      p = o.cents / 100
      p = p * 2 if o.placed_on.wday == 0 || o.placed_on.wday == 6
      p = p + 50 if o.cents >= 10000
      m = o.placed_on.strftime("%Y-%m")
      h[m] = 0 if h[m] == nil
      h[m] = h[m] + p
    end
    return Hash[h.sort]
  end

  def best_customer
    h = {}
    for i in 0...@orders.length
      o = @orders[i]
      p = o.cents / 100
      p = p * 2 if o.placed_on.wday == 0 || o.placed_on.wday == 6
      p = p + 50 if o.cents >= 10000
      h[o.customer] = 0 if h[o.customer] == nil
      h[o.customer] = h[o.customer] + p
    end
    b = nil
    h.each { |k, v| b = k if b == nil || v > h[b] }
    return b
  end
end
