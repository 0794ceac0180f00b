import java.io.IOException;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

final class Check {
    public static void main(String[] args) {
        CountDownLatch started = new CountDownLatch(4);
        StationClient client = station -> {
            started.countDown();
            try {
                // Opens when all four requests are under way at the same time.
                if (!started.await(1500, TimeUnit.MILLISECONDS)) {
                    System.err.println("the request for " + station + " is alone");
                    Runtime.getRuntime().halt(1);
                }
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            if (station.equals("buoy")) {
                throw new IOException("no answer");
            }
            return station.length();
        };
        ExecutorService executor = Executors.newFixedThreadPool(4);
        List<Wind> winds = new WindPanel(client, executor).load(List.of("pier", "buoy", "tower", "lighthouse"));
        executor.shutdown();
        List<Wind> expected = List.of(
            new Wind("pier", OptionalDouble.of(4)), new Wind("buoy", OptionalDouble.empty()),
            new Wind("tower", OptionalDouble.of(5)), new Wind("lighthouse", OptionalDouble.of(10)));
        if (!winds.equals(expected)) {
            System.err.println("got " + winds);
            System.exit(1);
        }
    }
}
