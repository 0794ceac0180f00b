import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** A part of a roll that adds to its sum. */
interface RollComponent {
    int evaluate(Random random);
}

interface RollComponentFactory {
    RollComponent create(MatchResult parts, Supplier<IllegalArgumentException> failure);
}

abstract class AbstractRangeCheckedFactory implements RollComponentFactory {
    protected int checked(String digits, int fallback, int low, int high, Supplier<IllegalArgumentException> failure) {
        int number = digits == null ? fallback : Integer.parseInt(digits);
        if (number < low || number > high) {
            throw failure.get();
        }
        return number;
    }
}

final class DiceFactory extends AbstractRangeCheckedFactory {
    @Override
    public RollComponent create(MatchResult parts, Supplier<IllegalArgumentException> failure) {
        int count = checked(parts.group(1), 1, 1, 100, failure);
        int sides = checked(parts.group(2), 0, 2, 1000, failure);
        return random -> IntStream.generate(() -> random.nextInt(sides) + 1).limit(count).sum();
    }
}

final class ModifierFactory extends AbstractRangeCheckedFactory {
    @Override
    public RollComponent create(MatchResult parts, Supplier<IllegalArgumentException> failure) {
        int modifier = checked(parts.group(3), 0, -9999, 9999, failure);
        return random -> modifier;
    }
}

final class Dice {
    private static final List<RollComponentFactory> FACTORIES = List.of(new DiceFactory(), new ModifierFactory());
    private static final Pattern NOTATION = Pattern.compile("(\\d{1,3})?d(\\d{1,4})([+-]\\d{1,4})?");

    static int roll(String notation, Random random) {
        Supplier<IllegalArgumentException> failure = () -> new IllegalArgumentException("not a roll: " + notation);
        MatchResult parts = NOTATION.matcher(notation).results().findFirst()
            .filter(match -> match.group().equals(notation))
            .orElseThrow(failure);
        return FACTORIES.stream()
            .map(factory -> factory.create(parts, failure))
            .mapToInt(component -> component.evaluate(random))
            .sum();
    }
}
