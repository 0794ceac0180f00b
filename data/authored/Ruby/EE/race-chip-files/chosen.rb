# frozen_string_literal: true

# Files with the chips that passed each mat.
class ChipFiles
  # @param folder [String] where the files are
  def initialize(folder)
    @folder = folder
  end

  # Appends readings to the files of their mats.
  #
  # @return [Integer] how many readings were written
  def write(readings)
    readings.group_by(&:mat).each do |mat, passed|
      File.open(path(mat), "a") do |file|
        passed.each { |reading| file.puts(line(reading)) }
      end
    end
    readings.size
  end

  private

  def path(mat)
    File.join(@folder, "#{mat}.csv")
  end

  def line(reading)
    "#{reading.chip},#{reading.time}"
  end
end
