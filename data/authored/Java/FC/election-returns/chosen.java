import java.util.ArrayList;
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
            String[] fields = line.split(";", FIRST_VOTE + parties + 1);
            if (isWellFormed(fields, parties)) {
                count(fields, summary);
            } else {
                summary.refused().add(line);
            }
        }
        return summary;
    }

    private static boolean isWellFormed(String[] fields, int parties) {
        if (fields.length != FIRST_VOTE + parties) {
            return false;
        }
        for (int i = FIRST_VOTE; i < fields.length; i++) {
            if (!DIGITS.matcher(fields[i]).matches()) {
                return false;
            }
        }
        return true;
    }

    private static void count(String[] fields, Summary summary) {
        boolean pending = false;
        for (int i = FIRST_VOTE; i < fields.length; i++) {
            if (fields[i].isEmpty()) {
                pending = true;
            } else {
                summary.votes()[i - FIRST_VOTE] += Long.parseLong(fields[i]);
            }
        }
        if (pending) {
            summary.pending().add(fields[0]);
        }
    }
}
