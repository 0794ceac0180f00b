# frozen_string_literal: true

require "erb"

# Response headers for the download of a score.
module ScoreDownload
  UNNAMED = "score"
  QUOTING = /["\\]/

  # Returns the headers.
  #
  # @param title [String] what the member called the score
  # @param bytes [Integer] size of the file
  def self.headers(title, bytes)
    {
      "Content-Type" => "application/pdf",
      "Content-Length" => bytes.to_s,
      "Content-Disposition" => disposition(title.strip)
    }
  end

  # The first name is for old browsers, the second one is complete.
  def self.disposition(title)
    title = UNNAMED if title.empty?
    plain = title.gsub(QUOTING, "_")
    full = ERB::Util.url_encode(title)
    %(attachment; filename="#{plain}.pdf"; filename*=UTF-8''#{full}.pdf)
  end
  private_class_method :disposition
end
