import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;

record Position(String ship, Instant time, double latitude, double longitude) {
}

final class ShipLog {

    private ShipLog() {
    }

    static long replay(Reader log, Consumer<Position> sink) throws IOException {
        List<Optional<Position>> parsed = new BufferedReader(log).lines()
            .map(ShipLog::parse)
            .collect(Collectors.toList());
        parsed.stream().flatMap(Optional::stream).forEach(sink);
        return parsed.stream().filter(Optional::isEmpty).count();
    }

    private static Optional<Position> parse(String line) {
        String[] fields = line.split(";", -1);
        if (fields.length != 4) {
            return Optional.empty();
        }
        try {
            double latitude = Double.parseDouble(fields[2]);
            double longitude = Double.parseDouble(fields[3]);
            return Optional.of(new Position(fields[0], Instant.parse(fields[1]), latitude, longitude));
        } catch (DateTimeException | NumberFormatException malformed) {
            return Optional.empty();
        }
    }
}
