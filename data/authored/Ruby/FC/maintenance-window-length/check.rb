# frozen_string_literal: true

require_relative "solution"

def refused?(text)
  MaintenanceWindow.seconds(text)
  false
rescue ArgumentError
  true
end

{
  "90m" => 5_400,
  "1d 4h" => 100_800,
  "2h30m15s" => 9_015,
  "  1h  5s " => 3_605,
  "0s" => 0,
  "012m" => 720
}.each do |text, seconds|
  actual = MaintenanceWindow.seconds(text)
  abort "#{text.inspect}: got #{actual}, expected #{seconds}" unless actual == seconds
end

["", "   ", "90", "m", "1h 2h", "30m 2h", "1.5h", "-1h", "1h x", "x 1h", "1w", "1h\ntomorrow", "from noon\n2h"].each do |text|
  abort "#{text.inspect} was accepted" unless refused?(text)
end
