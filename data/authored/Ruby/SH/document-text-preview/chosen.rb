# frozen_string_literal: true

require "open3"

# Shows the beginning of uploaded PDF files as text.
class TextPreview
  class Error < StandardError; end

  MAX_CHARACTERS = 4_000

  def initialize(folder)
    @folder = File.expand_path(folder)
  end

  # Returns the text of the first pages of a file in the folder.
  def read(file_name, pages: 2)
    raise Error, "not a file name: #{file_name}" if file_name.include?("/")

    output, status = Open3.capture2e(*command(File.join(@folder, file_name), pages))
    raise Error, output unless status.success?

    output[0, MAX_CHARACTERS]
  end

  private

  def command(path, pages)
    ["pdftotext", "-layout", "-l", Integer(pages).to_s, path, "-"]
  end
end
