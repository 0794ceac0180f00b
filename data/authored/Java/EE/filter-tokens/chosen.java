import java.util.ArrayList;
import java.util.List;
import java.util.Set;

final class FilterTokens {

    private static final Set<String> OPERATORS = Set.of("==", "!=", ">=", "<=", "&&", "||");

    private FilterTokens() {
    }

    static List<String> split(String text) {
        List<String> tokens = new ArrayList<>();
        int at = 0;
        while (at < text.length()) {
            if (Character.isWhitespace(text.charAt(at))) {
                at++;
                continue;
            }
            int end = endOfToken(text, at);
            tokens.add(text.substring(at, end));
            at = end;
        }
        return tokens;
    }

    private static int endOfToken(String text, int start) {
        char first = text.charAt(start);
        if (first == '"' || first == '\'') {
            int close = text.indexOf(first, start + 1);
            if (close < 0) {
                throw new IllegalArgumentException("unclosed string");
            }
            return close + 1;
        }
        if (start + 2 <= text.length() && OPERATORS.contains(text.substring(start, start + 2))) {
            return start + 2;
        }
        int end = start;
        while (end < text.length() && isWordPart(text.charAt(end))) {
            end++;
        }
        return Math.max(end, start + 1);
    }

    private static boolean isWordPart(char c) {
        return Character.isLetterOrDigit(c) || c == '_' || c == '.' || c == '-';
    }
}
