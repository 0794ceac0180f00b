# frozen_string_literal: true

require "csv"

# Writes the members of a store as CSV.
class MemberExport
  HEADER = %w[id name e-mail joined].freeze
  PAGE_SIZE = 1_000

  def initialize(store)
    @store = store
  end

  # Returns the number of members written to +io+.
  def write(io)
    csv = CSV.new(io)
    csv << HEADER
    count = 0
    @store.each_page(PAGE_SIZE) do |members|
      members.each { |member| csv << columns(member) }
      count += members.size
    end
    count
  end

  private

  def columns(member)
    [member.id, member.name, member.email, member.joined_on.iso8601]
  end
end
