import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

final class InfusionPlan {

    private static final DateTimeFormatter LABEL = DateTimeFormatter.ofPattern("EEE d MMM HH:mm", Locale.ENGLISH);

    private final Instant first;
    private final Duration every;
    private final ZoneId ward;

    InfusionPlan(Instant first, Duration every, ZoneId ward) {
        this.first = first;
        this.every = every;
        this.ward = ward;
    }

    List<String> labels(int count) {
        List<String> labels = new ArrayList<>();
        for (int dose = 0; dose < count; dose++) {
            labels.add(LABEL.format(dose(dose).atZone(ward)));
        }
        return labels;
    }

    Instant next(Instant now) {
        if (now.isBefore(first)) {
            return first;
        }
        return dose(Duration.between(first, now).dividedBy(every) + 1);
    }

    private Instant dose(long index) {
        return first.plus(every.multipliedBy(index));
    }
}
