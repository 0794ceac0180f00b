# frozen_string_literal: true

require "date"

# Finds the class that a rower starts in.
module AgeClass
  CLASSES = {
    "cadet" => 0..13,
    "junior" => 14..17,
    "senior" => 18..34,
    "masters" => 35..
  }.freeze

  # Returns the full years between two days.
  def self.age(born, on)
    raise ArgumentError, "born on #{born}, after the race on #{on}" if born > on

    years = on.year - born.year
    birthday_to_come = on.month < born.month || (on.month == born.month && on.day < born.day)
    birthday_to_come ? years - 1 : years
  end

  # Returns the name of the class on the day of the race.
  def self.of(born, on)
    years = age(born, on)
    CLASSES.find { |_name, range| range.cover?(years) }.first
  end
end
