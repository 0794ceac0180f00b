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
    readings.each do |reading|
      append(reading.mat, "#{reading.chip},#{reading.time}")
    end
    readings.size
  end

  private

  def append(mat, line)
    File.open(File.join(@folder, "#{mat}.csv"), "a") { |file| file.puts(line) }
  end
end
