import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

final class TurbinePartitions {

    private final int count;

    TurbinePartitions(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("count: " + count);
        }
        this.count = count;
    }

    /** Returns the queue of a turbine; String.hashCode is the same on every machine. */
    int of(String turbineId) {
        int hash = Math.abs(turbineId.hashCode());
        return hash % count;
    }

    List<List<String>> group(Collection<String> ids) {
        List<List<String>> queues = new ArrayList<>(count);
        for (int number = 0; number < count; number++) {
            queues.add(new ArrayList<>());
        }
        for (String id : ids) {
            queues.get(of(id)).add(id);
        }
        return queues;
    }
}
