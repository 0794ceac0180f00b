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
    members = @store.to_enum(:each_page, PAGE_SIZE).flat_map(&:itself)
    rows = members.map { |member| columns(member) }
    document = CSV.generate do |csv|
      csv << HEADER
      rows.each { |row| csv << row }
    end
    io.write(document)
    members.size
  end

  private

  def columns(member)
    [member.id, member.name, member.email, member.joined_on.iso8601]
  end
end
