# frozen_string_literal: true

# Reads the length of a maintenance window as operators type it.
module MaintenanceWindow
  UNIT_SECONDS = {
    "days" => 86_400,
    "hours" => 3_600,
    "minutes" => 60,
    "seconds" => 1
  }.freeze

  LENGTH = /
    ^[ ]*
    (?:(?<days>\d+)d[ ]*)?
    (?:(?<hours>\d+)h[ ]*)?
    (?:(?<minutes>\d+)m[ ]*)?
    (?:(?<seconds>\d+)s[ ]*)?
    $
  /x

  # Returns the number of seconds that +text+ stands for.
  def self.seconds(text)
    parts = LENGTH.match(text)&.named_captures&.compact
    if parts.nil? || parts.empty?
      raise ArgumentError, "not the length of a maintenance window: #{text.inspect}"
    end

    parts.sum { |unit, amount| UNIT_SECONDS.fetch(unit) * amount.to_i }
  end
end
