# frozen_string_literal: true

require_relative "solution"

def expect(actual, expected, label)
  abort "#{label}: got #{actual.inspect}, expected #{expected.inspect}" unless actual == expected
end

expect RiverLevels.means([10, 20, 60, 40], 2), [15.0, 40.0, 50.0], "pairs"
expect RiverLevels.means([10, 20], 3), [], "too few"
expect RiverLevels.means([7, 8], 1), [7.0, 8.0], "single levels"

# A level that counts the sums it takes part in.
class Level < Numeric
  attr_reader :value

  @operations = 0
  class << self
    attr_accessor :operations
  end

  def initialize(value)
    super()
    @value = value
  end

  def coerce(other)
    [Level.new(other), self]
  end

  def +(other)
    Level.operations += 1
    Level.new(value + (other.is_a?(Level) ? other.value : other))
  end

  def -(other)
    Level.operations += 1
    Level.new(value - (other.is_a?(Level) ? other.value : other))
  end

  def fdiv(count)
    value.fdiv(count)
  end
end

levels = Array.new(1_000) { |minute| Level.new(minute % 37) }
expect RiverLevels.means(levels, 200).size, 801, "number of means"
abort "#{Level.operations} additions for 1,000 levels" if Level.operations > 5_000
