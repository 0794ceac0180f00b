# frozen_string_literal: true

# Plans the meals of a day.
module DayMenu
  # Returns the breakfast, lunch and dinner whose energy comes closest to the target.
  def self.best(breakfasts, lunches, dinners, target)
    best = nil
    smallest = Float::INFINITY
    breakfasts.each do |breakfast|
      lunches.each do |lunch|
        dinners.each do |dinner|
          distance = (breakfast.kcal + lunch.kcal + dinner.kcal - target).abs
          next unless distance < smallest && varied?(breakfast, lunch, dinner)

          smallest = distance
          best = [breakfast, lunch, dinner]
        end
      end
    end
    best
  end

  # Whether no dish comes twice.
  def self.varied?(*meals)
    meals.map(&:name).uniq.size == meals.size
  end
  private_class_method :varied?
end
