# frozen_string_literal: true

# Tickets that wait for an agent, most urgent first.
class HelpdeskQueue
  RANKS = { urgent: 0, normal: 1, low: 2 }.freeze
  Entry = Struct.new(:rank, :ticket)

  def initialize
    @entries = []
  end

  def add(ticket, priority)
    rank = RANKS.fetch(priority) { raise ArgumentError, "no priority #{priority.inspect}" }
    # The entries are kept sorted by rank.
    place = entries.bsearch_index { |entry| entry.rank >= rank } || entries.size
    entries.insert(place, Entry.new(rank, ticket))
    self
  end

  # Removes the ticket that is next and returns it.
  def take
    entries.shift&.ticket
  end

  def size
    entries.size
  end

  private

  attr_reader :entries
end
