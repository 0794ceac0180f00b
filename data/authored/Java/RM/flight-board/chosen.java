import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;

final class FlightBoard {

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm");

    private FlightBoard() {
    }

    /** Returns the row of a flight; departure and arrival are local times with an offset. */
    static String row(String flight, String departure, String arrival) {
        OffsetDateTime from = OffsetDateTime.parse(departure);
        OffsetDateTime to = OffsetDateTime.parse(arrival);
        String times = TIME.format(from) + " - " + TIME.format(to) + dayShift(from, to);
        return String.format("%-8s   %s   %s", flight, times, length(from, to));
    }

    private static String dayShift(OffsetDateTime from, OffsetDateTime to) {
        long days = ChronoUnit.DAYS.between(from.toLocalDate(), to.toLocalDate());
        return days == 0 ? "" : String.format(" %+d", days);
    }

    private static String length(OffsetDateTime from, OffsetDateTime to) {
        Duration length = Duration.between(from, to);
        return String.format("%dh%02d", length.toHours(), length.toMinutesPart());
    }
}
