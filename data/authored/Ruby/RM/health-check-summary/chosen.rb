# frozen_string_literal: true

# Summarizes the output of the health checks.
module HealthReport
  SLOW_MS = 500
  STATUSES = %w[ok warn fail].freeze

  Check = Struct.new(:host, :service, :status, :milliseconds) do
    def self.parse(line)
      host, service, status, milliseconds, *rest = line.split
      return unless rest.empty? && STATUSES.include?(status) && milliseconds&.match?(/\A\d+\z/)

      new(host, service, status, milliseconds.to_i)
    end

    def name
      "#{host}/#{service}"
    end

    def failed?
      status == "fail"
    end

    def slow?
      !failed? && milliseconds > SLOW_MS
    end
  end

  # Returns hosts, failing and slow checks, and the number of malformed lines.
  def self.summarize(text)
    lines = text.lines.map(&:strip).reject { |line| line.empty? || line.start_with?("#") }
    checks = lines.filter_map { |line| Check.parse(line) }
    {
      hosts: checks.map(&:host).uniq.sort,
      failing: checks.select(&:failed?).map(&:name).sort,
      slow: checks.select(&:slow?).map(&:name).sort,
      malformed: lines.size - checks.size
    }
  end
end
