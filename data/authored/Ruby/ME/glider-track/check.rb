# frozen_string_literal: true

require_relative "solution"

def expect(actual, expected, label)
  abort "#{label}: got #{actual.inspect}, expected #{expected.inspect}" unless actual == expected
end

track = FlightTrack.new
expect [track.size, track.at(0), track.to_a], [0, nil, []], "empty"
track.add(52_520_008, -13_404_954, 1_200).add(-2_147_483_648, 2_147_483_647, -5)
expect track.size, 2, "size"
expect track.at(1), [-2_147_483_648, 2_147_483_647, -5], "limits"
expect [track.at(2), track.at(-1)], [nil, nil], "beyond the end"
expect track.map(&:first), [52_520_008, -2_147_483_648], "each"

long = FlightTrack.new
GC.start
before = GC.stat(:heap_live_slots)
20_000.times { |second| long.add(second, -second, second % 3_000) }
GC.start
held = GC.stat(:heap_live_slots) - before
expect long.at(19_999), [19_999, -19_999, 1_999], "last"
abort "#{held} objects for 20,000 positions" if held > 5_000
