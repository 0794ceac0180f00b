# frozen_string_literal: true

require "erb"

# A newsletter with a word for each friend of the choir.
class Newsletter
  FOOTER = <<~ERB

    You get this as <%= name %>, <%= town %>. Reply STOP to end it.
  ERB

  # @param text [String] template by the board
  def initialize(text)
    @template = ERB.new("#{text.chomp}\n#{FOOTER}")
  end

  # Returns the mail to a friend.
  #
  # @param friend [#name, #town] as entered in the form
  # @return [String]
  def for(friend)
    @template.result_with_hash(name: friend.name, town: friend.town)
  end
end
