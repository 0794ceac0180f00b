# frozen_string_literal: true

# Finds the ingredients in the text of a recipe.
module RecipeText
  INGREDIENT = /\G@(?:\{([^{}\n]+)\}|(\p{L}+))/

  # Returns the pieces of the text, as [:text, string] or [:ingredient, name].
  def self.parse(text)
    pieces = []
    plain = +""
    position = 0
    while position < text.length
      if text[position] == "@" && (found = text.match(INGREDIENT, position))
        pieces.push([:text, plain]) unless plain.empty?
        pieces.push([:ingredient, found[1] || found[2]])
        plain = +""
        position = found.end(0)
      else
        plain << text[position]
        position += 1
      end
    end
    pieces.push([:text, plain]) unless plain.empty?
    pieces
  end
end
