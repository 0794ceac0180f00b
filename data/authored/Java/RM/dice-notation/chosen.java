import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

final class Dice {

    private static final Pattern NOTATION = Pattern.compile("(\\d{1,3})?d(\\d{1,4})([+-]\\d{1,4})?");
    private static final int MOST_DICE = 100;
    private static final int FEWEST_SIDES = 2;
    private static final int MOST_SIDES = 1000;

    private Dice() {
    }

    /**
     * Rolls the dice of a notation such as {@code 3d6+2}.
     *
     * @throws IllegalArgumentException if the text is no notation or asks for dice that are not allowed
     */
    static int roll(String notation, Random random) {
        Matcher parts = NOTATION.matcher(notation);
        if (!parts.matches()) {
            throw notARoll(notation);
        }
        int count = numberOr(1, parts.group(1));
        int sides = numberOr(0, parts.group(2));
        if (count < 1 || count > MOST_DICE || sides < FEWEST_SIDES || sides > MOST_SIDES) {
            throw notARoll(notation);
        }

        int sum = numberOr(0, parts.group(3));
        for (int die = 0; die < count; die++) {
            sum += random.nextInt(sides) + 1;
        }
        return sum;
    }

    private static int numberOr(int fallback, String digits) {
        return digits == null ? fallback : Integer.parseInt(digits);
    }

    private static IllegalArgumentException notARoll(String notation) {
        return new IllegalArgumentException("not a roll: " + notation);
    }
}
