# frozen_string_literal: true

# Plans the meals of a day.
module DayMenu
  # Returns the breakfast, lunch and dinner whose energy comes closest to the target.
  def self.best(breakfasts, lunches, dinners, target)
    breakfasts
      .product(lunches, dinners)
      .select { |meals| varied?(meals) }
      .min_by { |meals| distance(meals, target) }
  end

  # Whether no dish comes twice.
  def self.varied?(meals)
    meals.map(&:name).uniq.size == meals.size
  end

  def self.distance(meals, target)
    (meals.sum(&:kcal) - target).abs
  end

  private_class_method :varied?, :distance
end
