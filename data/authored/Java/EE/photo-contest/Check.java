import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

final class Check {
    private static long comparisons;

    private static void expect(boolean holds, String what) {
        if (!holds) {
            System.err.println("failed: " + what);
            System.exit(1);
        }
    }

    public static void main(String[] args) {
        Comparator<Integer> highestFirst = (left, right) -> {
            comparisons++;
            return Integer.compare(right, left);
        };
        BestOf<Integer> best = new BestOf<>(200, highestFirst);
        expect(best.ranking().isEmpty(), "nothing yet");
        List<Integer> entries = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            entries.add(i);
        }
        java.util.Collections.shuffle(entries, new Random(7));
        for (Integer entry : entries) {
            best.submit(entry);
        }
        List<Integer> ranking = best.ranking();
        expect(ranking.size() == 200 && ranking.get(0) == 19_999 && ranking.get(199) == 19_800, "the best 200");
        expect(comparisons < 200_000, comparisons + " comparisons");
    }
}
