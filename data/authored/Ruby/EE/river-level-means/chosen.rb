# frozen_string_literal: true

# Figures from the levels of a river.
module RiverLevels
  # Returns the mean of each run of consecutive levels.
  #
  # @param levels [Array<Integer>] millimetres, oldest first
  # @param window [Integer] how many levels go into a mean
  # @return [Array<Float>]
  def self.means(levels, window)
    raise ArgumentError, "a window holds at least one level" if window < 1
    return [] if levels.size < window

    sum = levels.first(window).sum
    means = [sum.fdiv(window)]
    (window...levels.size).each do |newest|
      # Whole numbers add up exactly, however often.
      sum += levels[newest] - levels[newest - window]
      means << sum.fdiv(window)
    end
    means
  end
end
