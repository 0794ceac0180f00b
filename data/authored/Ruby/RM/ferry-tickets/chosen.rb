# frozen_string_literal: true

# What a passenger gets to see of a booking.
class FerryTicket
  COMPANY = "NORTH FERRIES"

  def initialize(booking)
    @booking = booking
  end

  # Text of the printed ticket.
  def paper
    [COMPANY, @booking.name, "#{@booking.route}, #{departs('%Y-%m-%d %H:%M')}", travellers].join("\n")
  end

  # Text of the message to the passenger's phone.
  def sms
    "#{@booking.route} #{departs('%d.%m. %H:%M')}, #{travellers}"
  end

  # Text for the display at the pier.
  def gate
    [departs("%H:%M"), "#{@booking.passengers}P", @booking.car].compact.join(" ")
  end

  private

  def departs(format)
    @booking.departs.strftime(format)
  end

  def travellers
    people = @booking.passengers
    persons = "#{people} #{people == 1 ? 'passenger' : 'passengers'}"
    @booking.car ? "#{persons}, car #{@booking.car}" : persons
  end
end
