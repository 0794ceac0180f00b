# frozen_string_literal: true

# Points of the clubs at a swim meet.
class MeetPoints
  POINTS = [5, 3, 1].freeze

  def initialize
    @totals = Hash.new(0)
  end

  # Adds the points of a race, given as [swimmer, club, seconds].
  def add_race(results)
    finished = results.reject { |_swimmer, _club, seconds| seconds.nil? }
    times = finished.map { |_swimmer, _club, seconds| seconds }

    finished.each do |_swimmer, club, seconds|
      points = POINTS[faster_than(seconds, times)]
      @totals[club] += points if points
    end
    self
  end

  # Returns one line per club, the most points first.
  def table
    ranking = @totals.sort_by { |club, points| [-points, club] }
    ranking.map.with_index(1) { |(club, points), number| "#{number}. #{club} #{points}" }
  end

  private

  # Swimmers with equal times have the same number of faster ones.
  def faster_than(seconds, times)
    times.count { |time| time < seconds }
  end
end
