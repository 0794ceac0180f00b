import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

final class BestOf<T> {

    private final int limit;
    private final Comparator<? super T> bestFirst;
    private final List<T> kept;

    BestOf(int limit, Comparator<? super T> bestFirst) {
        if (limit < 1) {
            throw new IllegalArgumentException("limit: " + limit);
        }
        this.limit = limit;
        this.bestFirst = bestFirst;
        this.kept = new ArrayList<>(limit + 1);
    }

    void submit(T entry) {
        // The list stays sorted, and the entry that falls off the end is the worst.
        kept.add(entry);
        kept.sort(bestFirst);
        if (kept.size() > limit) {
            kept.remove(limit);
        }
    }

    List<T> ranking() {
        return new ArrayList<>(kept);
    }
}
