import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.Map;

interface RateSource {
    BigDecimal rate(String from, String to, LocalDate day);
}

final class RateCache {

    private static final int INITIAL_CAPACITY = 10_000;

    private record Key(String from, String to, LocalDate day) {
    }

    private final RateSource source;
    private final Map<Key, BigDecimal> rates = new HashMap<>(INITIAL_CAPACITY);

    RateCache(RateSource source) {
        this.source = source;
    }

    BigDecimal rate(String from, String to, LocalDate day) {
        Key key = new Key(from, to, day);
        synchronized (rates) {
            BigDecimal known = rates.get(key);
            if (known != null) {
                return known;
            }
        }
        BigDecimal loaded = source.rate(from, to, day);
        synchronized (rates) {
            rates.put(key, loaded);
        }
        return loaded;
    }
}
