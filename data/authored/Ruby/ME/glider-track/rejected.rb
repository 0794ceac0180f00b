# frozen_string_literal: true

# The positions of a flight in the order of their time.
class FlightTrack
  include Enumerable

  # One position: millionths of a degree and metres.
  Position = Struct.new(:latitude, :longitude, :altitude, keyword_init: true)

  def initialize
    @positions = []
  end

  # Adds a position at the end.
  def add(latitude, longitude, altitude)
    positions << Position.new(latitude: latitude, longitude: longitude, altitude: altitude)
    self
  end

  def size
    positions.size
  end

  # Returns latitude, longitude and altitude, or nil beyond the end.
  def at(index)
    return nil unless index.between?(0, size - 1)

    positions[index].to_a
  end

  def each
    return enum_for(:each) { size } unless block_given?

    positions.each { |position| yield position.to_a }
  end

  private

  attr_reader :positions
end
