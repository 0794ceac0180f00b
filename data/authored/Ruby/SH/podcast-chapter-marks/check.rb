# frozen_string_literal: true

require "timeout"
require_relative "solution"

{
  "1:02:33 Listeners' questions" => [3_753, "Listeners' questions"],
  "04:15 News, rumours and co-hosts" => [255, "News, rumours and co-hosts"],
  "0:00 Überblick 2024" => [0, "Überblick 2024"],
  "125:00 Late" => [7_500, "Late"],
  "04:15" => nil, "04:15 " => nil, "04:75 Late" => nil, "4:5 Late" => nil, "04:15  Late" => nil,
  "04:15 Late " => nil, "04:15 Late!" => nil, "04:15 a,b" => nil, "04:15 a, " => nil, "04:15 a\n" => nil
}.each do |line, expected|
  actual = ChapterMark.parse(line)
  abort "#{line.inspect}: got #{actual.inspect}" unless actual == expected
end

begin
  Timeout.timeout(2) { abort "accepted" if ChapterMark.parse("04:15 #{'a' * 60}!") }
rescue Timeout::Error
  abort "a line of 67 characters takes more than two seconds"
end
