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

    # Whole numbers add up exactly, in whatever order.
    levels.each_cons(window).map do |run|
      run.sum.fdiv(run.size)
    end
  end
end
