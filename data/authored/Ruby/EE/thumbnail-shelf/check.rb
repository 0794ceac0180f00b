# frozen_string_literal: true

require_relative "solution"

def expect(actual, expected, label)
  abort "#{label}: got #{actual.inspect}, expected #{expected.inspect}" unless actual == expected
end

shelf = ThumbnailShelf.new(2)
rendered = []
%w[a b a c a b].each { |key| expect(shelf.fetch(key) { rendered << key && key.upcase }, key.upcase, key) }
expect rendered, %w[a b c b], "rendered"
expect shelf.size, 2, "size"

# A key that counts how often it is compared.
class Key
  attr_reader :number

  @comparisons = 0
  class << self
    attr_accessor :comparisons
  end

  def initialize(number)
    @number = number
  end

  def hash
    number.hash
  end

  def ==(other)
    Key.comparisons += 1
    other.is_a?(Key) && number == other.number
  end
  alias eql? ==
end

large = ThumbnailShelf.new(300)
3.times { 300.times { |number| large.fetch(Key.new(number)) { number } } }
abort "#{Key.comparisons} comparisons for 900 fetches" if Key.comparisons > 9_000
