# frozen_string_literal: true

require "set"

# Masks the words of a block list in chat messages.
class Redactor
  # @param words [Array<String>] blocked words, in any case
  def initialize(words)
    @words = words.map(&:downcase).to_set
  end

  # @param message [String]
  # @return [String] the message with its blocked words masked
  def call(message)
    @words.reduce(message) do |text, word|
      text.gsub(whole_word(word)) { |found| "*" * found.length }
    end
  end

  private

  def whole_word(word)
    /(?<![[:word:]])#{Regexp.escape(word)}(?![[:word:]])/i
  end
end
