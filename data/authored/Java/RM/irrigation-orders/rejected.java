import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

final class IrrigationOrders {

    private static final String FORM = "(open|feed) [0-9]{1,6} [0-9]{1,6}|close [0-9]{1,6}";

    static List<String> describe(List<String> lines) {
        List<String> sentences = new ArrayList<>();
        for (String line : lines) {
            Map<String, Object> order = parse(line);
            if (order.get("type").equals("open")) {
                sentences.add("valve " + order.get("valve") + " opens for " + order.get("minutes") + " min");
            } else if (order.get("type").equals("feed")) {
                sentences.add("valve " + order.get("valve") + " gets " + order.get("ml") + " ml of feed");
            } else {
                sentences.add("valve " + order.get("valve") + " closes");
            }
        }
        return sentences;
    }

    static double litres(List<String> lines) {
        double litres = 0;
        for (String line : lines) {
            Map<String, Object> order = parse(line);
            if (order.get("type").equals("open")) {
                litres += (Integer) order.get("minutes") * 12;
            } else if (order.get("type").equals("feed")) {
                litres += (Integer) order.get("ml") * 0.001;
            }
        }
        return litres;
    }

    /** Returns the parts of an order by their names. */
    private static Map<String, Object> parse(String line) {
        String[] words = line.split(" ", -1);
        Map<String, Object> order = new HashMap<>();
        order.put("type", words[0]);
        if (!line.matches(FORM)) {
            throw new IllegalArgumentException(line);
        }
        order.put("valve", Integer.parseInt(words[1]));
        if (words.length == 3) {
            order.put(words[0].equals("open") ? "minutes" : "ml", Integer.parseInt(words[2]));
        }
        return order;
    }
}
