import java.time.LocalTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

record Booking(String room, LocalTime start, LocalTime end, String title) {

    private static final String TIME = "((?:[01]\\d|2[0-3]):[0-5]\\d)";
    private static final Pattern FORM = Pattern.compile("(\\S+) " + TIME + "-" + TIME + " (.+)");

    static Optional<Booking> parse(String text) {
        Matcher fields = FORM.matcher(text);
        if (!fields.matches()) {
            return Optional.empty();
        }
        LocalTime start = LocalTime.parse(fields.group(2));
        LocalTime end = LocalTime.parse(fields.group(3));
        return Optional.of(new Booking(fields.group(1), start, end, fields.group(4)));
    }

    Optional<String> conflictWith(Booking other) {
        LocalTime from = start.isAfter(other.start) ? start : other.start;
        LocalTime to = end.isBefore(other.end) ? end : other.end;
        if (!room.equals(other.room) || !from.isBefore(to)) {
            return Optional.empty();
        }
        return Optional.of(room + ": " + title + " / " + other.title + " " + from + "-" + to);
    }
}

final class RoomConflicts {

    static List<String> find(List<String> bookings) {
        List<Booking> parsed = bookings.stream().map(Booking::parse).flatMap(Optional::stream).toList();
        List<String> conflicts = new ArrayList<>();
        for (int first = 0; first < parsed.size(); first++) {
            for (Booking second : parsed.subList(first + 1, parsed.size())) {
                parsed.get(first).conflictWith(second).ifPresent(conflicts::add);
            }
        }
        return conflicts;
    }
}
