# frozen_string_literal: true

# Reads chapter marks as podcast makers write them.
module ChapterMark
  TIME = /(?<first>\d+)(?<rest>(?::[0-5]\d){1,2})/
  WORD = /[\p{L}\p{Nd}'-]+/
  GAP = /,? (?=#{WORD})/
  LINE = /\A#{TIME} (?<title>(?:#{WORD}#{GAP}?)+)\z/

  # Returns the seconds and the title of a line, or nil if it is no chapter mark.
  #
  # @param line [String]
  # @return [Array(Integer, String), nil]
  def self.parse(line)
    mark = LINE.match(line)
    return nil if mark.nil?

    parts = [mark[:first], *mark[:rest].scan(/\d+/)]
    [parts.map(&:to_i).reduce { |sum, part| sum * 60 + part }, mark[:title]]
  end
end
