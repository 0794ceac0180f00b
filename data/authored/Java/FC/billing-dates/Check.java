import java.time.LocalDate;
import java.util.List;
import java.util.stream.Collectors;

final class Check {
    private static void expect(Object expected, Object actual) {
        if (!expected.equals(actual)) {
            System.err.println("expected " + expected + ", got " + actual);
            System.exit(1);
        }
    }

    private static LocalDate day(String text) {
        return LocalDate.parse(text);
    }

    private static List<LocalDate> days(String... texts) {
        return List.of(texts).stream().map(LocalDate::parse).collect(Collectors.toList());
    }

    public static void main(String[] args) {
        BillingSchedule mid = new BillingSchedule(day("2023-11-15"));
        expect(days("2023-11-15", "2023-12-15", "2024-01-15"), mid.dates(day("2023-01-01"), day("2024-01-15")));
        expect(days("2023-12-15"), mid.dates(day("2023-11-16"), day("2024-01-14")));
        expect(days(), mid.dates(day("2023-01-01"), day("2023-11-14")));
        expect(day("2023-11-15"), mid.nextAfter(day("2020-05-05")));
        expect(day("2023-12-15"), mid.nextAfter(day("2023-11-15")));

        BillingSchedule last = new BillingSchedule(day("2023-01-31"));
        expect(day("2023-02-28"), last.nextAfter(day("2023-01-31")));
        expect(days("2023-02-28", "2023-03-31", "2023-04-30", "2023-05-31"), last.dates(day("2023-02-01"), day("2023-05-31")));
        expect(day("2024-02-29"), last.nextAfter(day("2024-02-01")));
        expect(day("2024-03-31"), last.nextAfter(day("2024-02-29")));
    }
}
