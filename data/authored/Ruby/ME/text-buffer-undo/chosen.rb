# frozen_string_literal: true

# A text that can be edited, with unlimited undo.
class TextBuffer
  Edit = Struct.new(:position, :removed, :added)

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
    edit = @history.pop
    return false unless edit

    @text[edit.position, edit.added.length] = edit.removed
    true
  end

  private

  def replace(position, length, string)
    unless position.between?(0, @text.length) && length >= 0
      raise IndexError, "no #{length} characters at position #{position} of the text"
    end

    removed = @text.slice!(position, length)
    @text.insert(position, string)
    @history << Edit.new(position, removed, string.dup)
    self
  end
end
