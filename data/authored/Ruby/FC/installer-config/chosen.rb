# frozen_string_literal: true

# Writes configuration files from templates.
module InstallerConfig
  PLACEHOLDER = /@([A-Z_]+)@/

  # Returns the template with its placeholders replaced.
  #
  # @param template [String]
  # @param values [Hash{String => String}]
  # @raise [KeyError] names the placeholders without a value
  def self.fill(template, values)
    missing = template.scan(PLACEHOLDER).flatten.uniq - values.keys
    raise KeyError, "no value for #{missing.join(', ')}" if missing.any?

    template.gsub(PLACEHOLDER) { values.fetch(Regexp.last_match(1)) }
  end
end
