import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

record ChatLine(String player, int second, String text) {
}

final class MatchArchive {

    private static final int TAIL_LINES = 20;
    private static final int MAX_MATCHES = 5_000;

    private final Map<String, List<ChatLine>> tails = new HashMap<>();
    private final Deque<String> oldestFirst = new ArrayDeque<>();

    synchronized void finish(String matchId, List<ChatLine> log) {
        int from = Math.max(0, log.size() - TAIL_LINES);
        List<ChatLine> tail = Collections.unmodifiableList(log.subList(from, log.size()));
        if (tails.put(matchId, tail) == null) {
            oldestFirst.addLast(matchId);
        }
        if (tails.size() > MAX_MATCHES) {
            tails.remove(oldestFirst.removeFirst());
        }
    }

    synchronized List<ChatLine> tail(String matchId) {
        return tails.getOrDefault(matchId, Collections.emptyList());
    }
}
