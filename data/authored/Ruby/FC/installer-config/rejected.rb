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
    names = template.scan(PLACEHOLDER).flatten.uniq
    missing = names.reject { |name| values.key?(name) }
    raise KeyError, "no value for #{missing.join(', ')}" unless missing.empty?

    names.reduce(template) do |text, name|
      text.gsub("@#{name}@", values.fetch(name))
    end
  end
end
