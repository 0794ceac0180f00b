# frozen_string_literal: true

# The positions of a flight in the order of their time.
class FlightTrack
  include Enumerable

  # Three integers of 32 bits with sign.
  FORMAT = "l<3"
  BYTES = 12

  def initialize
    @positions = String.new(encoding: Encoding::BINARY)
  end

  # Adds a position at the end.
  def add(latitude, longitude, altitude)
    @positions << [latitude, longitude, altitude].pack(FORMAT)
    self
  end

  def size
    @positions.bytesize / BYTES
  end

  # Returns latitude, longitude and altitude, or nil beyond the end.
  def at(index)
    @positions.unpack(FORMAT, offset: index * BYTES) if index.between?(0, size - 1)
  end

  def each
    return enum_for(:each) { size } unless block_given?

    size.times { |index| yield at(index) }
  end
end
