# frozen_string_literal: true

require_relative "solution"

Dish = Struct.new(:name, :kcal)

def expect(actual, expected, label)
  abort "#{label}: got #{actual.inspect}, expected #{expected.inspect}" unless actual == expected
end

def dishes(*pairs)
  pairs.each_slice(2).map { |name, kcal| Dish.new(name, kcal) }
end

morning = dishes("muesli", 400, "toast", 300)
noon = dishes("soup", 500, "stew", 900, "toast", 300)
evening = dishes("toast", 300, "soup", 500)
names = ->(target) { DayMenu.best(morning, noon, evening, target)&.map(&:name) }
expect names[1600], %w[muesli stew toast], "closest"
expect names[1200], %w[muesli soup toast], "first of equals, all different"
expect names[0], %w[muesli soup toast], "lowest with different names"
expect DayMenu.best(dishes("a", 1), dishes("a", 1), dishes("b", 1), 3), nil, "no combination"
expect DayMenu.best(morning, [], evening, 9), nil, "no dishes"

# Dishes that note how many objects there were when they were first asked for anything.
class WatchedDish
  class << self
    attr_accessor :objects
  end

  attr_reader :id

  def initialize(id)
    @id = id
  end

  def name
    WatchedDish.objects ||= GC.stat(:total_allocated_objects)
    "dish#{id}"
  end

  def kcal
    WatchedDish.objects ||= GC.stat(:total_allocated_objects)
    id
  end
end

meals = Array.new(3) { |meal| Array.new(30) { |number| WatchedDish.new(meal * 30 + number) } }
before = GC.stat(:total_allocated_objects)
DayMenu.best(*meals, 150)
built = WatchedDish.objects - before
abort "#{built} objects built before the first dish was looked at" if built > 5_000
