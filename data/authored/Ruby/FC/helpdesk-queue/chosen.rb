# frozen_string_literal: true

# Tickets that wait for an agent, most urgent first.
class HelpdeskQueue
  PRIORITIES = %i[urgent normal low].freeze

  def initialize
    @lines = PRIORITIES.to_h { |priority| [priority, []] }
  end

  def add(ticket, priority)
    line = @lines.fetch(priority) { raise ArgumentError, "no priority #{priority.inspect}" }
    line.push(ticket)
    self
  end

  # Removes the ticket that is next and returns it.
  def take
    # The lines stand in the order of their priority.
    @lines.each_value.find { |line| !line.empty? }&.shift
  end

  def size
    @lines.each_value.sum(&:size)
  end
end
