# frozen_string_literal: true

require_relative "solution"

# A tank that notes what was done to it.
class Tank
  attr_reader :operated

  def initialize
    @operated = []
  end

  def temperature = 24.5
  def ph = 8.1
  def salinity = 35
  def oxygen = 7.2
  def level = 180

  def drain
    @operated << :drain
  end

  def feed
    @operated << :feed
  end
end

tank = Tank.new
abort "wrong values" unless TankFields.read(tank, "temperature,ph") == { "temperature" => 24.5, "ph" => 8.1 }
abort "wrong level" unless TankFields.read(tank, "level") == { "level" => 180 }
abort "wrong for none" unless TankFields.read(tank, "") == {}
["colour", "temperature,colour", "Ph", "drain", "ph,feed", "freeze"].each do |names|
  TankFields.read(tank, names)
  abort "#{names} was accepted"
rescue ArgumentError
  nil
end
abort "operated: #{tank.operated}" unless tank.operated.empty?
