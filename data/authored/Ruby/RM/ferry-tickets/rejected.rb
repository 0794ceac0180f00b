# frozen_string_literal: true

# What a passenger gets to see of a booking.
class FerryTicket
  COMPANY = "NORTH FERRIES"

  def initialize(booking)
    @booking = booking
  end

  # Text of the printed ticket.
  def paper
    render(true, false, true, "%Y-%m-%d %H:%M")
  end

  # Text of the message to the passenger's phone.
  def sms
    render(false, false, true, "%d.%m. %H:%M")
  end

  # Text for the display at the pier.
  def gate
    render(false, true, false, "%H:%M")
  end

  private

  def render(header, short, words, format)
    text = +""
    text << "#{COMPANY}\n#{@booking.name}\n" if header
    text << @booking.route << (header ? ", " : " ") unless short
    text << @booking.departs.strftime(format)
    text << (header ? "\n" : (words && !short ? ", " : " "))
    text << @booking.passengers.to_s
    text << (words ? (@booking.passengers == 1 ? " passenger" : " passengers") : "P")
    text << (short ? " " : ", ") << (words ? "car " : "") << @booking.car if @booking.car
    text
  end
end
