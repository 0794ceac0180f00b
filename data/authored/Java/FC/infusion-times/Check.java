import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;

final class Check {
    private static void expect(Object expected, Object actual) {
        if (!expected.equals(actual)) {
            System.err.println("expected " + expected + ", got " + actual);
            System.exit(1);
        }
    }

    public static void main(String[] args) {
        ZoneId ward = ZoneId.of("Europe/Berlin");
        Duration hours = Duration.ofHours(8);
        InfusionPlan june = new InfusionPlan(Instant.parse("2024-06-01T18:00:00Z"), hours, ward);
        expect(List.of("Sat 1 Jun 20:00", "Sun 2 Jun 04:00", "Sun 2 Jun 12:00"), june.labels(3));
        expect(List.of(), june.labels(0));
        expect(Instant.parse("2024-06-01T18:00:00Z"), june.next(Instant.parse("2024-06-01T10:00:00Z")));
        expect(Instant.parse("2024-06-02T02:00:00Z"), june.next(Instant.parse("2024-06-01T18:00:00Z")));
        expect(Instant.parse("2024-06-02T10:00:00Z"), june.next(Instant.parse("2024-06-02T02:00:01Z")));

        InfusionPlan spring = new InfusionPlan(Instant.parse("2024-03-30T19:00:00Z"), hours, ward);
        expect(List.of("Sat 30 Mar 20:00", "Sun 31 Mar 05:00", "Sun 31 Mar 13:00"), spring.labels(3));
        expect(Instant.parse("2024-03-31T03:00:00Z"), spring.next(Instant.parse("2024-03-30T19:00:00Z")));
        InfusionPlan autumn = new InfusionPlan(Instant.parse("2024-10-26T18:00:00Z"), hours, ward);
        expect(List.of("Sat 26 Oct 20:00", "Sun 27 Oct 03:00"), autumn.labels(2));
        expect(Instant.parse("2024-10-27T02:00:00Z"), autumn.next(Instant.parse("2024-10-27T01:59:59Z")));
    }
}
