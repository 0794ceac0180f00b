# frozen_string_literal: true

# Keeps the thumbnails that were fetched most recently.
class ThumbnailShelf
  # @param capacity [Integer] how many thumbnails to keep
  def initialize(capacity)
    @capacity = capacity
    @thumbnails = {}
    @recent = []
  end

  # Returns the thumbnail of a key, from the block if it is not there yet.
  def fetch(key)
    if @thumbnails.key?(key)
      # The keys are kept in the order of their latest use.
      @recent.delete(key)
    else
      @thumbnails[key] = yield
    end
    @recent.push(key)
    @thumbnails.delete(@recent.shift) if @recent.size > @capacity
    @thumbnails[key]
  end

  def size
    @thumbnails.size
  end
end
