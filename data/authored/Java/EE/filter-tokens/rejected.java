import java.util.ArrayList;
import java.util.List;
import java.util.Set;

final class FilterTokens {

    private static final Set<String> OPERATORS = Set.of("==", "!=", ">=", "<=", "&&", "||");

    private FilterTokens() {
    }

    static List<String> split(String text) {
        List<String> tokens = new ArrayList<>();
        String rest = text.strip();
        while (!rest.isEmpty()) {
            int length = tokenLength(rest);
            tokens.add(rest.substring(0, length));
            rest = rest.substring(length).stripLeading();
        }
        return tokens;
    }

    private static int tokenLength(String rest) {
        char first = rest.charAt(0);
        if (first == '"' || first == '\'') {
            int close = rest.indexOf(first, 1);
            if (close < 0) {
                throw new IllegalArgumentException("unclosed string");
            }
            return close + 1;
        }
        if (rest.length() >= 2 && OPERATORS.contains(rest.substring(0, 2))) {
            return 2;
        }
        int length = 0;
        while (length < rest.length() && isWordPart(rest.charAt(length))) {
            length++;
        }
        return Math.max(length, 1);
    }

    private static boolean isWordPart(char c) {
        return Character.isLetterOrDigit(c) || c == '_' || c == '.' || c == '-';
    }
}
