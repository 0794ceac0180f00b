# frozen_string_literal: true

require "erb"

# A newsletter with a word for each friend of the choir.
class Newsletter
  FOOTER = "You get this as %<name>s, %<town>s. Reply STOP to end it."

  # @param text [String] template by the board
  def initialize(text)
    @text = text.chomp
  end

  # Returns the mail to a friend.
  #
  # @param friend [#name, #town] as entered in the form
  # @return [String]
  def for(friend)
    template = ERB.new("#{@text}\n\n#{footer(friend)}\n")
    template.result_with_hash(name: friend.name, town: friend.town)
  end

  private

  def footer(friend)
    format(FOOTER, name: friend.name, town: friend.town)
  end
end
