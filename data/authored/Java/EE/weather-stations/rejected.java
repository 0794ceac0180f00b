import java.io.IOException;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;

interface StationClient {
    double knots(String station) throws IOException;
}

record Wind(String station, OptionalDouble knots) {
}

final class WindPanel {

    private final StationClient client;
    private final Executor executor;

    WindPanel(StationClient client, Executor executor) {
        this.client = client;
        this.executor = executor;
    }

    List<Wind> load(List<String> stations) {
        // The executor's threads read the stations, and joining keeps their order.
        return stations.stream()
            .map(this::readLater)
            .map(CompletableFuture::join)
            .collect(Collectors.toList());
    }

    private CompletableFuture<Wind> readLater(String station) {
        return CompletableFuture.supplyAsync(() -> read(station), executor);
    }

    private Wind read(String station) {
        try {
            return new Wind(station, OptionalDouble.of(client.knots(station)));
        } catch (IOException unreadable) {
            return new Wind(station, OptionalDouble.empty());
        }
    }
}
