# frozen_string_literal: true

require_relative "solution"

headers = ScoreDownload.headers("Suite No. 3", 1_234)
abort "wrong type" unless headers["Content-Type"] == "application/pdf" && headers["Content-Length"] == "1234"
abort "wrong name" unless headers["Content-Disposition"].include?('filename="Suite No. 3.pdf"')
abort "not offered for download" unless headers["Content-Disposition"].start_with?("attachment")
abort "wrong full name" unless ScoreDownload.headers("Für Elise", 1)["Content-Disposition"].include?("F%C3%BCr%20Elise.pdf")
abort "wrong name for none" unless ScoreDownload.headers("  ", 1)["Content-Disposition"].include?('"score.pdf"')

["a\r\nSet-Cookie: session=1", "a\nX: y", "a\rX: y", "a\r\n\r\n<html>"].each do |title|
  headers = ScoreDownload.headers(title, 1)
  abort "#{title.inspect} breaks the line" if headers.any? { |name, value| "#{name}#{value}".match?(/[\r\n]/) }
end
quoted = ScoreDownload.headers('a"; filename="b.exe', 1)["Content-Disposition"]
abort "quote in #{quoted}" if quoted[/filename=(.*); filename\*/m, 1].gsub(/\\./, "").count('"') != 2
