# frozen_string_literal: true

require "tmpdir"
require_relative "solution"

def forget_pages(folder, count)
  count.times { |number| ScratchPage.new(folder, "page #{number}") }
  nil
end

Dir.mktmpdir do |folder|
  page = ScratchPage.new(folder, "\x00\xFFabc")
  abort "wrong bytes" unless page.read == "\x00\xFFabc".b && File.file?(page.path)
  page.discard
  page.discard
  abort "the file of a discarded page is there" if File.exist?(page.path)

  kept = ScratchPage.new(folder, "kept")
  forget_pages(folder, 200)
  3.times { GC.start }
  files = Dir.children(folder).size
  abort "the page in use lost its file" unless kept.read == "kept"
  # The collector is conservative: a few pages may still be on the stack.
  abort "#{files} files of 201 are left" if files > 20
end
