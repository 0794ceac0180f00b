# frozen_string_literal: true

# Keeps the thumbnails that were fetched most recently.
class ThumbnailShelf
  # @param capacity [Integer] how many thumbnails to keep
  def initialize(capacity)
    @capacity = capacity
    @thumbnails = {}
  end

  # Returns the thumbnail of a key, from the block if it is not there yet.
  def fetch(key)
    # A hash keeps its keys in the order of their insertion.
    if @thumbnails.key?(key)
      thumbnail = @thumbnails.delete(key)
    else
      thumbnail = yield
    end
    @thumbnails[key] = thumbnail
    @thumbnails.shift if @thumbnails.size > @capacity
    thumbnail
  end

  def size
    @thumbnails.size
  end
end
