import java.util.ArrayList;
import java.util.List;

final class Check {
    private static void expect(boolean holds, String what) {
        if (!holds) {
            System.err.println("failed: " + what);
            System.exit(1);
        }
    }

    public static void main(String[] args) {
        TurbinePartitions seven = new TurbinePartitions(7);
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            ids.add("T-" + i);
        }
        List<List<String>> queues = seven.group(ids);
        expect(queues.size() == 7, "one list per queue");
        int total = 0;
        for (int i = 0; i < 7; i++) {
            total += queues.get(i).size();
            int last = -1;
            for (String id : queues.get(i)) {
                expect(seven.of(id) == i && ids.indexOf(id) > last, "queue and order of " + id);
                last = ids.indexOf(id);
            }
        }
        expect(total == 500, "every id is in a queue");
        expect(new TurbinePartitions(1).of("anything") == 0, "one queue");
        try {
            new TurbinePartitions(0);
            expect(false, "no queues");
        } catch (IllegalArgumentException expected) {
            expect(true, "refused");
        }
        String lowest = "polygenelubricants";
        expect(lowest.hashCode() == Integer.MIN_VALUE, "the lowest hash code");
        for (int count = 1; count < 40; count++) {
            int queue = new TurbinePartitions(count).of(lowest);
            expect(queue >= 0 && queue < count, lowest + " of " + count + " is in queue " + queue);
        }
    }
}
