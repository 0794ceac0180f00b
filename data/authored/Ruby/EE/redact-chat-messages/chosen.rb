# frozen_string_literal: true

require "set"

# Masks the words of a block list in chat messages.
class Redactor
  WORD = /[[:word:]]+/

  # @param words [Array<String>] blocked words, in any case
  def initialize(words)
    @blocked = words.map(&:downcase).to_set
  end

  # @param message [String]
  # @return [String] the message with its blocked words masked
  def call(message)
    message.gsub(WORD) do |word|
      @blocked.include?(word.downcase) ? "*" * word.length : word
    end
  end
end
