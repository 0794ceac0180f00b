# frozen_string_literal: true

require_relative "solution"

def expect(actual, expected, label)
  abort "#{label}: got #{actual.inspect}, expected #{expected.inspect}" unless actual == expected
end

reports = CallReports.new
%w[sales sales fraud].each { |reason| reports.report("+441", reason) }
reports.report("+442", "silent").report("+440", "silent")
expect reports.count("+441"), 3, "count"
expect reports.reasons("+441"), { "sales" => 2, "fraud" => 1 }, "reasons"
expect [reports.count("+449"), reports.reasons("+449")], [0, {}], "unknown number"
expect reports.worst(2), %w[+441 +440], "worst"

5_000.times do |call|
  reports.count("+39#{call}")
  reports.reasons("+34#{call}")
end
expect reports.worst(9), %w[+441 +440 +442], "worst after calls"
entries = reports.instance_variables.sum do |name|
  held = reports.instance_variable_get(name)
  held.respond_to?(:size) ? held.size : 0
end
abort "#{entries} entries for 3 reported numbers" if entries > 100
