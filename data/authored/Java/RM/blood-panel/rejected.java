import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

final class BloodPanel {

    private final List<String> lines = new ArrayList<>();
    private String name;
    private double value;
    private double low;
    private double high;
    private boolean fasting;
    private String verdict;
    private int normal;

    static List<String> report(Map<String, Double> values, boolean fasting) {
        BloodPanel panel = new BloodPanel();
        panel.fasting = fasting;
        for (Map.Entry<String, Double> entry : new TreeMap<>(values).entrySet()) {
            panel.name = entry.getKey();
            panel.value = entry.getValue();
            panel.selectRange();
            panel.judge();
            panel.addLine();
        }
        panel.name = null;
        panel.addLine();
        return panel.lines;
    }

    /** Finds the limits of the current value. */
    private void selectRange() {
        low = name.equals("glucose") ? 70 : name.equals("hdl") ? 40 : name.equals("ldl") ? 0 : -1;
        high = name.equals("hdl") ? 100 : name.equals("ldl") ? 129 : fasting ? 99 : 139;
    }

    private void judge() {
        verdict = value < low ? "low" : value > high ? "high" : "normal";
        if (low >= 0 && verdict.equals("normal")) {
            normal++;
        }
    }

    /** Adds the line of the current value, or the last one. */
    private void addLine() {
        if (name == null) {
            lines.add(normal + " of " + lines.size() + " normal");
        } else if (low >= 0) {
            lines.add(String.format(Locale.ROOT, "%s %.1f %s", name, value, verdict));
        }
    }
}
