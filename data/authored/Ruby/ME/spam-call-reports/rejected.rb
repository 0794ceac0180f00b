# frozen_string_literal: true

# Counts what people reported about telephone numbers.
class CallReports
  def initialize
    @reasons = Hash.new do |numbers, number|
      numbers[number] = Hash.new(0)
    end
  end

  # Notes one report about a number.
  def report(number, reason)
    @reasons[number][reason] += 1
    self
  end

  # Returns how many reports there are about a number.
  def count(number)
    @reasons[number].values.sum
  end

  # Returns how often each reason was given.
  def reasons(number)
    @reasons[number].dup
  end

  # Returns the numbers with the most reports.
  def worst(limit)
    reported = @reasons.reject { |_number, reasons| reasons.empty? }
    reported.keys.min_by(limit) { |number| [-count(number), number] }
  end
end
