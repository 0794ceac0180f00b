import java.util.List;
import java.util.Map;

final class Check {
    private static void expect(List<String> expected, List<String> actual) {
        if (!expected.equals(actual)) {
            System.err.println("expected " + expected + ", got " + actual);
            System.exit(1);
        }
    }

    public static void main(String[] args) {
        expect(List.of(), StockCount.differences(Map.of(), Map.of()));
        expect(List.of(), StockCount.differences(Map.of("nut", 5, "pin", 0), Map.of("nut", 5)));
        expect(
            List.of("clip: expected 0, counted 4 (+4)", "nut: expected 5, counted 3 (-2)", "pin: expected 7, counted 0 (-7)"),
            StockCount.differences(Map.of("pin", 7, "nut", 5), Map.of("nut", 3, "clip", 4)));
        expect(
            List.of("bolt-m8: expected 1200, counted 1180 (-20)"),
            StockCount.differences(
                Map.of("bolt-m8", Integer.parseInt("1200"), "washer", Integer.parseInt("5000")),
                Map.of("bolt-m8", Integer.parseInt("1180"), "washer", Integer.parseInt("5000"))));
    }
}
