# frozen_string_literal: true

require_relative "solution"

def expect(actual, expected, label)
  abort "#{label}: got #{actual.inspect}, expected #{expected.inspect}" unless actual == expected
end

queue = HelpdeskQueue.new
expect queue.take, nil, "empty queue"
queue.add("slow mouse", :low)
queue.add("new laptop", :normal)
queue.add("server down", :urgent)
expect queue.size, 3, "size"
expect Array.new(4) { queue.take }, ["server down", "new laptop", "slow mouse", nil], "by priority"

%w[a b c].each { |name| queue.add(name, :normal) }
queue.add("u", :urgent)
expect queue.take, "u", "urgent first"
queue.add("d", :normal)
expect Array.new(4) { queue.take }, %w[a b c d], "in order of arrival"
begin
  queue.add("x", :whenever)
  abort "an unknown priority was accepted"
rescue ArgumentError
  expect queue.size, 0, "size after refusal"
end
