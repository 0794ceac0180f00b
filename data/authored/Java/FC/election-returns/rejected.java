import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

record Summary(long[] votes, List<String> pending, List<String> refused) {
}

final class ElectionReturns {

    private static final Pattern DIGITS = Pattern.compile("[0-9]{0,9}");
    private static final int FIRST_VOTE = 2;

    private ElectionReturns() {
    }

    static Summary read(List<String> lines, int parties) {
        Summary summary = new Summary(new long[parties], new ArrayList<>(), new ArrayList<>());
        for (String line : lines) {
            List<String> fields = Arrays.asList(line.split(";"));
            if (isWellFormed(fields, parties)) {
                count(fields, summary);
            } else {
                summary.refused().add(line);
            }
        }
        return summary;
    }

    private static boolean isWellFormed(List<String> fields, int parties) {
        return fields.size() == FIRST_VOTE + parties
            && fields.stream().skip(FIRST_VOTE).allMatch(DIGITS.asMatchPredicate());
    }

    private static void count(List<String> fields, Summary summary) {
        List<String> piles = fields.subList(FIRST_VOTE, fields.size());
        for (int party = 0; party < piles.size(); party++) {
            String pile = piles.get(party);
            if (!pile.isEmpty()) {
                summary.votes()[party] += Long.parseLong(pile);
            }
        }
        if (piles.contains("")) {
            summary.pending().add(fields.get(0));
        }
    }
}
