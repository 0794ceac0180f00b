# frozen_string_literal: true

# Values that the charts of the public page ask for.
module TankFields
  READINGS = %w[temperature ph salinity oxygen level].freeze

  # Returns the values of the named fields.
  #
  # @param tank [Tank]
  # @param names [String] names of fields, separated by commas
  # @return [Hash{String => Numeric}]
  # @raise [ArgumentError] there is no such field
  def self.read(tank, names)
    names.split(",").to_h do |name|
      raise ArgumentError, "no field #{name.inspect}" unless READINGS.include?(name)

      [name, tank.public_send(name)]
    end
  end
end
