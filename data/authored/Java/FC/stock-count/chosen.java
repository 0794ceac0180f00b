import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

final class StockCount {

    private StockCount() {
    }

    static List<String> differences(Map<String, Integer> expected, Map<String, Integer> counted) {
        TreeSet<String> articles = new TreeSet<>(expected.keySet());
        articles.addAll(counted.keySet());

        List<String> lines = new ArrayList<>();
        for (String article : articles) {
            Integer planned = expected.getOrDefault(article, 0);
            Integer found = counted.getOrDefault(article, 0);
            if (planned.intValue() != found.intValue()) {
                lines.add(describe(article, planned, found));
            }
        }
        return lines;
    }

    private static String describe(String article, int planned, int found) {
        return String.format("%s: expected %d, counted %d (%+d)", article, planned, found, found - planned);
    }
}
