import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

final class InfusionPlan {

    private static final DateTimeFormatter LABEL = DateTimeFormatter.ofPattern("EEE d MMM HH:mm", Locale.ENGLISH);

    private final LocalDateTime first;
    private final Duration every;
    private final ZoneId ward;

    InfusionPlan(Instant first, Duration every, ZoneId ward) {
        this.first = LocalDateTime.ofInstant(first, ward);
        this.every = every;
        this.ward = ward;
    }

    List<String> labels(int count) {
        List<String> labels = new ArrayList<>();
        for (int dose = 0; dose < count; dose++) {
            labels.add(LABEL.format(dose(dose)));
        }
        return labels;
    }

    Instant next(Instant now) {
        LocalDateTime clock = LocalDateTime.ofInstant(now, ward);
        if (clock.isBefore(first)) {
            return first.atZone(ward).toInstant();
        }
        long passed = Duration.between(first, clock).dividedBy(every);
        return dose(passed + 1).atZone(ward).toInstant();
    }

    private LocalDateTime dose(long index) {
        return first.plus(every.multipliedBy(index));
    }
}
