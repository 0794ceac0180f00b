# frozen_string_literal: true

# Counts what people reported about telephone numbers.
class CallReports
  NONE = {}.freeze

  def initialize
    @reasons = {}
  end

  # Notes one report about a number.
  def report(number, reason)
    reasons = (@reasons[number] ||= Hash.new(0))
    reasons[reason] += 1
    self
  end

  # Returns how many reports there are about a number.
  def count(number)
    @reasons.fetch(number, NONE).values.sum
  end

  # Returns how often each reason was given.
  def reasons(number)
    @reasons.fetch(number, NONE).dup
  end

  # Returns the numbers with the most reports.
  def worst(limit)
    @reasons.keys.min_by(limit) { |number| [-count(number), number] }
  end
end
