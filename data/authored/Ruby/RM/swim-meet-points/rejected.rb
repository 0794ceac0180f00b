# frozen_string_literal: true

# Points of the clubs at a swim meet.
class MeetPoints
  POINTS = [5, 3, 1].freeze

  def initialize
    @totals = Hash.new(0)
  end

  # Adds the points of a race, given as [swimmer, club, seconds].
  def add_race(results)
    @results = results
    sort
    @place = 0
    @index = 0
    score while @index < @results.size
    self
  end

  # Returns one line per club, the most points first.
  def table
    @results = @totals.sort_by { |row| [-row[1], row[0]] }
    @index = 0
    @results.map { |row| "#{@index += 1}. #{row[0]} #{row[1]}" }
  end

  private

  def sort
    @results = @results.select { |row| row[2] }.sort_by { |row| row[2] }
  end

  # Swimmers with equal times keep the place of the one before.
  def score
    @place = @index if @index.zero? || @results[@index][2] != @results[@index - 1][2]
    @totals[@results[@index][1]] += POINTS[@place] if POINTS[@place]
    @index += 1
  end
end
