# frozen_string_literal: true

require_relative "solution"

def expect(actual, expected, label)
  abort "#{label}: got #{actual.inspect}, expected #{expected.inspect}" unless actual == expected
end

display = FreezerDisplay.new(-180)
{ -185 => "-18.5", -180 => "-18.0", -179 => "! -17.9", 40 => "! 4.0", 3 => "! 0.3", 0 => "! 0.0", nil => "--.-" }
  .each { |tenths, text| expect display.text(tenths), text, tenths }

chiller = FreezerDisplay.new(70)
{ -10 => "-1.0", -9 => "-0.9", -5 => "-0.5", -1 => "-0.1", 69 => "6.9", 71 => "! 7.1" }
  .each { |tenths, text| expect chiller.text(tenths), text, tenths }
expect chiller.table({ "South" => -3, "North" => -185 }), ["North: -18.5", "South: -0.3"], "table"
