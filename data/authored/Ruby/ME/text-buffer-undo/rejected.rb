# frozen_string_literal: true

# A text that can be edited, with unlimited undo.
class TextBuffer
  def initialize(text = "")
    @text = +text.dup
    @history = []
  end

  def to_s
    @text.dup
  end

  def insert(position, string)
    replace(position, 0, string)
  end

  def delete(position, length)
    replace(position, length, "")
  end

  # Takes back the latest edit; returns whether there was one.
  def undo
    return false if @history.empty?

    @text = @history.pop
    true
  end

  private

  def replace(position, length, string)
    unless position.between?(0, @text.length) && length >= 0
      raise IndexError, "no #{length} characters at position #{position} of the text"
    end

    before = @text.dup
    @text[position, length] = string
    @history << before
    self
  end
end
