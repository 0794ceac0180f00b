# frozen_string_literal: true

# Temperatures as the displays above the doors show them.
class FreezerDisplay
  NO_CONTACT = "--.-"

  # @param limit [Integer] highest allowed temperature in tenths of a degree
  def initialize(limit)
    @limit = limit
  end

  # Returns the text for one display.
  def text(tenths)
    return NO_CONTACT if tenths.nil?

    "#{'! ' if tenths > @limit}#{degrees(tenths)}"
  end

  # Returns one line per door.
  def table(readings)
    readings.sort.map { |door, tenths| "#{door}: #{text(tenths)}" }
  end

  private

  def degrees(tenths)
    whole = tenths.fdiv(10).to_i
    "#{whole}.#{(tenths - whole * 10).abs}"
  end
end
