# frozen_string_literal: true

# Settings of one customer's mailer: the defaults with the customer's own values over them.
class MailerSettings
  DEFAULTS = {
    smtp: { host: "localhost", port: 25, tls: false },
    retry: { attempts: 3, wait: 5 },
    from: "noreply@example.org"
  }.freeze

  def initialize(overrides = {})
    @values = combine(DEFAULTS, overrides)
  end

  # Returns the value at a path such as "smtp.port".
  def fetch(path)
    path.split(".").reduce(@values) do |section, name|
      raise KeyError, "no setting #{path}" unless section.is_a?(Hash)

      section.fetch(name.to_sym) { raise KeyError, "no setting #{path}" }
    end
  end

  private

  def combine(base, overrides)
    base.merge(overrides) do |_name, default, own|
      default.is_a?(Hash) && own.is_a?(Hash) ? combine(default, own) : own
    end
  end
end
