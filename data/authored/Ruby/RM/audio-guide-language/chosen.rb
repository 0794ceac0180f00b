# frozen_string_literal: true

# Chooses the recordings that a visitor hears.
class AudioGuide
  FALLBACK = "en"

  # @param languages [Array<String>] languages of the recordings, in lower case
  def initialize(languages)
    @languages = languages
  end

  # Returns the language that meets the visitor's wishes best.
  #
  # @param wishes [Array<String>] languages such as "de-AT", best first
  # @return [String]
  def language_for(wishes)
    candidates = wishes.map(&:downcase).flat_map { |wish| [wish, without_region(wish)] }
    candidates.find { |language| @languages.include?(language) } || FALLBACK
  end

  private

  def without_region(language)
    language.split("-").first
  end
end
