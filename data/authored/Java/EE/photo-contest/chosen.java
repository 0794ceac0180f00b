import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

final class BestOf<T> {

    private final int limit;
    private final Comparator<? super T> bestFirst;
    private final PriorityQueue<T> kept;

    BestOf(int limit, Comparator<? super T> bestFirst) {
        if (limit < 1) {
            throw new IllegalArgumentException("limit: " + limit);
        }
        this.limit = limit;
        this.bestFirst = bestFirst;
        this.kept = new PriorityQueue<>(bestFirst.reversed());
    }

    void submit(T entry) {
        // The head of the queue is the worst entry that is kept.
        if (kept.size() == limit) {
            if (bestFirst.compare(entry, kept.peek()) > 0) {
                return;
            }
            kept.remove();
        }
        kept.add(entry);
    }

    List<T> ranking() {
        List<T> ranking = new ArrayList<>(kept);
        ranking.sort(bestFirst);
        return ranking;
    }
}
