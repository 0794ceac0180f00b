# frozen_string_literal: true

require "tmpdir"
require_relative "solution"

# Counts how often a file is opened.
module Opened
  class << self
    attr_accessor :count
  end

  def open(*arguments, **options, &block)
    Opened.count += 1
    super
  end
end
Opened.count = 0
File.singleton_class.prepend(Opened)
Reading = Struct.new(:mat, :chip, :time)

Dir.mktmpdir do |folder|
  files = ChipFiles.new(folder)
  first = Array.new(60) { |place| Reading.new("km#{place % 3}", "c#{place}", "10:00:#{place}") }
  abort "wrong number of readings" unless files.write(first) == 60 && files.write([]).zero?
  opened = Opened.count
  files.write([Reading.new("km1", "late", "12:00:00")])

  lines = File.readlines(File.join(folder, "km1.csv"), chomp: true)
  expected = first.select { |r| r.mat == "km1" }.map { |r| "#{r.chip},#{r.time}" } + ["late,12:00:00"]
  abort "wrong lines: #{lines}" unless lines == expected
  abort "wrong files" unless Dir.children(folder).sort == %w[km0.csv km1.csv km2.csv]
  abort "opened files #{opened} times" if opened > 3
end
