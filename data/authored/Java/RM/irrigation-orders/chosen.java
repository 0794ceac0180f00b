import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What an order does, and how much water or fertiliser a unit of its amount is. */
enum Action {
    OPEN(true, 12, "valve %d opens for %d min"),
    CLOSE(false, 0, "valve %d closes"),
    FEED(true, 0.001, "valve %d gets %d ml of feed");

    final boolean takesAmount;
    final double litresPerUnit;
    final String sentence;

    Action(boolean takesAmount, double litresPerUnit, String sentence) {
        this.takesAmount = takesAmount;
        this.litresPerUnit = litresPerUnit;
        this.sentence = sentence;
    }
}

record Order(Action action, int valve, int amount) {

    private static final Pattern FORM = Pattern.compile("(open|close|feed) ([0-9]{1,6})(?: ([0-9]{1,6}))?");

    static Order parse(String line) {
        Matcher words = FORM.matcher(line);
        if (!words.matches()) {
            throw new IllegalArgumentException(line);
        }
        Action action = Action.valueOf(words.group(1).toUpperCase(Locale.ROOT));
        String amount = words.group(3);
        if (action.takesAmount != (amount != null)) {
            throw new IllegalArgumentException(line);
        }
        return new Order(action, Integer.parseInt(words.group(2)), amount == null ? 0 : Integer.parseInt(amount));
    }

    String sentence() {
        return String.format(action.sentence, valve, amount);
    }

    double litres() {
        return amount * action.litresPerUnit;
    }
}

final class IrrigationOrders {

    /** Returns a sentence for each order. */
    static List<String> describe(List<String> lines) {
        return lines.stream().map(Order::parse).map(Order::sentence).toList();
    }

    /** Returns what the orders use together, water as well as fertiliser. */
    static double litres(List<String> lines) {
        return lines.stream().map(Order::parse).mapToDouble(Order::litres).sum();
    }
}
