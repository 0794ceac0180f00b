# frozen_string_literal: true

require_relative "solution"

def expect(actual, expected, label)
  abort "#{label}: got #{actual.inspect}, expected #{expected.inspect}" unless actual == expected
end

[
  ["2007-05-20", "2021-05-19", 13], ["2007-05-20", "2021-05-20", 14], ["2007-12-31", "2022-01-01", 14],
  ["2008-03-01", "2023-03-01", 15], ["2007-07-10", "2024-07-09", 16], ["2007-07-10", "2024-07-10", 17],
  ["2008-02-29", "2023-02-28", 14], ["2008-02-29", "2023-03-01", 15], ["2008-02-29", "2024-02-29", 16],
  ["2020-08-08", "2020-08-08", 0]
].each do |born, on, years|
  expect AgeClass.age(Date.iso8601(born), Date.iso8601(on)), years, "#{born} on #{on}"
end

race = Date.new(2025, 6, 1)
{ 2012 => "cadet", 2011 => "junior", 2008 => "junior", 2007 => "senior", 1991 => "senior", 1990 => "masters" }
  .each { |year, name| expect AgeClass.of(Date.new(year, 1, 1), race), name, year }
begin
  AgeClass.of(race + 1, race)
  abort "born after the race was accepted"
rescue ArgumentError
  nil
end
