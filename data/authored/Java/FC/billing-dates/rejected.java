import java.time.LocalDate;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

final class BillingSchedule {

    private static final int MONTHS_PER_PERIOD = 1;

    private final LocalDate start;

    BillingSchedule(LocalDate start) {
        this.start = start;
    }

    List<LocalDate> dates(LocalDate from, LocalDate to) {
        return billingDates()
            .dropWhile(date -> date.isBefore(from))
            .takeWhile(date -> !date.isAfter(to))
            .collect(Collectors.toList());
    }

    LocalDate nextAfter(LocalDate day) {
        return billingDates()
            .filter(date -> date.isAfter(day))
            .findFirst()
            .orElseThrow(IllegalStateException::new);
    }

    private Stream<LocalDate> billingDates() {
        return Stream.iterate(start, date -> date.plusMonths(MONTHS_PER_PERIOD));
    }
}
