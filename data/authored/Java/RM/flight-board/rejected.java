final class FlightBoard {

    private static final int MINUTES_PER_DAY = 1440;

    private FlightBoard() {
    }

    static String row(String flight, String departure, String arrival) {
        int days = dayNumber(arrival) - dayNumber(departure);
        int flown = utcMinute(arrival) - utcMinute(departure) + days * MINUTES_PER_DAY;
        String times = departure.substring(11, 16) + " - " + arrival.substring(11, 16);
        if (days != 0) {
            times += " " + (days > 0 ? "+" : "") + days;
        }
        return String.format("%-8s   %s   %dh%02d", flight, times, flown / 60, flown % 60);
    }

    /** Days since some day in the past, with the years beginning in March. */
    private static int dayNumber(String text) {
        int year = Integer.parseInt(text.substring(0, 4));
        int month = Integer.parseInt(text.substring(5, 7));
        int day = Integer.parseInt(text.substring(8, 10));
        if (month < 3) {
            year--;
            month += 12;
        }
        return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month - 457) / 5 + day;
    }

    private static int utcMinute(String text) {
        int minute = Integer.parseInt(text.substring(11, 13)) * 60 + Integer.parseInt(text.substring(14, 16));
        if (text.endsWith("Z")) {
            return minute;
        }
        String offset = text.substring(text.length() - 6);
        int shift = Integer.parseInt(offset.substring(1, 3)) * 60 + Integer.parseInt(offset.substring(4));
        return offset.charAt(0) == '-' ? minute + shift : minute - shift;
    }
}
