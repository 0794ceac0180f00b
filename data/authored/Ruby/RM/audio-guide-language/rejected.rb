# frozen_string_literal: true

# Chooses the recordings that a visitor hears.
class AudioGuide
  # Base of the ways to meet a wish.
  class Matcher
    def initialize(languages)
      @languages = languages
    end

    def match(wish)
      key = transform(wish.downcase)
      key if @languages.include?(key)
    end
  end

  # Takes the wish as it is.
  class ExactMatcher < Matcher
    def transform(wish) = wish
  end

  # Takes the wish without its region.
  class RegionlessMatcher < Matcher
    def transform(wish) = wish.split("-").first
  end

  MATCHERS = %i[Exact Regionless].freeze
  FALLBACK = "en"

  # @param languages [Array<String>] languages of the recordings, in lower case
  def initialize(languages)
    @matchers = MATCHERS.map { |name| self.class.const_get("#{name}Matcher").new(languages) }
  end

  # Returns the language that meets the visitor's wishes best.
  #
  # @return [String]
  def language_for(wishes)
    wishes.each do |wish|
      language = @matchers.lazy.filter_map { |matcher| matcher.match(wish) }.first
      return language if language
    end
    FALLBACK
  end
end
