# frozen_string_literal: true

require "strscan"

# Finds the ingredients in the text of a recipe.
module RecipeText
  INGREDIENT = /@(?:\{([^{}\n]+)\}|(\p{L}+))/

  # Returns the pieces of the text, as [:text, string] or [:ingredient, name].
  def self.parse(text)
    scanner = StringScanner.new(text)
    pieces = []
    plain = +""
    until scanner.eos?
      if scanner.skip(INGREDIENT)
        pieces << [:text, plain] unless plain.empty?
        pieces << [:ingredient, scanner[1] || scanner[2]]
        plain = +""
      else
        plain << (scanner.scan(/[^@]+/) || scanner.getch)
      end
    end
    pieces << [:text, plain] unless plain.empty?
    pieces
  end
end
