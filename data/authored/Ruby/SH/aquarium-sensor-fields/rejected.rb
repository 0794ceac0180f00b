# frozen_string_literal: true

# Values that the charts of the public page ask for.
module TankFields
  NAME = /\A[a-z_]+\z/

  # Returns the values of the named fields.
  #
  # @param tank [Tank]
  # @param names [String] names of fields, separated by commas
  # @return [Hash{String => Numeric}]
  # @raise [ArgumentError] there is no such field
  def self.read(tank, names)
    names.split(",").to_h do |name|
      raise ArgumentError, "no field #{name.inspect}" unless field?(tank, name)

      [name, tank.public_send(name)]
    end
  end

  def self.field?(tank, name)
    name.match?(NAME) && tank.respond_to?(name) && tank.method(name).arity.zero?
  end
  private_class_method :field?
end
