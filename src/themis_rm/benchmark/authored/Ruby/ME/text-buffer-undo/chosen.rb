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
    raise IndexError, "no position #{position} in the text" unless position.between?(0, @text.length)

    edit = Edit.new(position, @text[position, length], string.dup)
    @text[position, length] = string
    @history << edit
    self
  end
end
