import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

final class BloodPanel {

    /** The values that count as normal, limits included. */
    private record Range(double low, double high) {

        /** Tells on which side of the range a value lies, or that it lies within. */
        String judge(double value) {
            if (value < low) {
                return "low";
            }
            return value > high ? "high" : NORMAL;
        }
    }

    private static final String NORMAL = "normal";

    private BloodPanel() {
    }

    /** Explains the known values in alphabetical order and counts the normal ones. */
    static List<String> report(Map<String, Double> values, boolean fasting) {
        Map<String, Range> ranges = ranges(fasting);
        TreeMap<String, Double> known = new TreeMap<>(values);
        known.keySet().retainAll(ranges.keySet());

        List<String> lines = new ArrayList<>();
        int normal = 0;
        for (Map.Entry<String, Double> entry : known.entrySet()) {
            String verdict = ranges.get(entry.getKey()).judge(entry.getValue());
            lines.add(String.format(Locale.ROOT, "%s %.1f %s", entry.getKey(), entry.getValue(), verdict));
            normal += verdict.equals(NORMAL) ? 1 : 0;
        }
        lines.add(normal + " of " + known.size() + " " + NORMAL);
        return lines;
    }

    /** Returns the ranges of all values that the laboratory measures. */
    private static Map<String, Range> ranges(boolean fasting) {
        return Map.of(
            "glucose", new Range(70, fasting ? 99 : 139),
            "hdl", new Range(40, 100),
            "ldl", new Range(0, 129));
    }
}
