# frozen_string_literal: true

# Summary of a day of bird ringing.
module RingingSummary
  Bird = Struct.new(:date, :species, :ring, :sex, :weight)
  SEXES = %w[f m u].freeze

  # Returns one line per species, sorted by name.
  def self.lines(text)
    birds(text).group_by(&:species).sort_by(&:first).map do |species, group|
      "#{species}: #{group.size} birds (#{sexes(group)}), #{mean_weight(group)}"
    end
  end

  def self.birds(text)
    text.each_line(chomp: true).reject(&:empty?).map do |line|
      date, species, ring, sex, weight = line.split(";")
      Bird.new(date, species, ring, sex, weight&.to_f)
    end
  end

  def self.sexes(birds)
    counts = birds.map(&:sex).tally
    SEXES.map { |sex| "#{counts.fetch(sex, 0)} #{sex}" }.join(", ")
  end

  def self.mean_weight(birds)
    weights = birds.filter_map(&:weight)
    return "no weights" if weights.empty?

    format("%.1f g", weights.sum / weights.size)
  end

  private_class_method :birds, :sexes, :mean_weight
end
