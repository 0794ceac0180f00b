# frozen_string_literal: true

require "fileutils"
require "securerandom"

# A scanned page in a file that lives as long as the page is needed.
class ScratchPage
  attr_reader :path

  # Returns what deletes the file once its page is collected.
  def self.remover(path)
    proc { FileUtils.rm_f(path) }
  end

  def initialize(folder, bytes)
    @path = File.join(folder, "#{SecureRandom.uuid}.page")
    File.binwrite(@path, bytes)
    ObjectSpace.define_finalizer(self, self.class.remover(@path))
  end

  # Returns the bytes of the page.
  def read
    File.binread(@path)
  end

  def discard
    ObjectSpace.undefine_finalizer(self)
    FileUtils.rm_f(@path)
  end
end
