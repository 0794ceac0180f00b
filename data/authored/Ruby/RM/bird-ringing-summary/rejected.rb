# frozen_string_literal: true

# Summary of a day of bird ringing.
module RingingSummary
  FIELDS = /^[^;\n]*;([^;\n]*);[^;\n]*;([^;\n]*);?([^;\n]*)$/

  # Returns one line per species, sorted by name.
  def self.lines(text)
    text.scan(FIELDS)
        .each_with_object(Hash.new { |h, k| h[k] = [0, Hash.new(0), []] }) do |(species, sex, weight), h|
          h[species].tap { |a| a[0] += 1 }.tap { |a| a[1][sex] += 1 }.tap do |a|
            weight.empty? || a[2] << weight.to_f
          end
        end
        .sort.map do |species, (n, c, w)|
          "#{species}: #{n} birds (" + %w[f m u].map { |s| "#{c[s]} #{s}" } * ", " + "), " +
            (w[0] ? format("%.1f g", w.inject(:+) / w.size) : "no weights")
        end
  end
end
