# frozen_string_literal: true

# Reads chapter marks as podcast makers write them.
module ChapterMark
  LINE = /
    \A
    (?<first>\d+) (?<rest>(?::[0-5]\d){1,2})
    [ ]
    (?<title>(?:[\p{L}\p{Nd}'-]+(?:,?[ ](?=[\p{L}\p{Nd}'-]))?)+)
    \z
  /x

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
