import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

final class BillingSchedule {

    private final LocalDate start;

    BillingSchedule(LocalDate start) {
        this.start = start;
    }

    List<LocalDate> dates(LocalDate from, LocalDate to) {
        List<LocalDate> dates = new ArrayList<>();
        LocalDate date = start;
        for (int month = 1; !date.isAfter(to); month++) {
            if (!date.isBefore(from)) {
                dates.add(date);
            }
            date = start.plusMonths(month);
        }
        return dates;
    }

    LocalDate nextAfter(LocalDate day) {
        LocalDate date = start;
        for (int month = 1; !date.isAfter(day); month++) {
            date = start.plusMonths(month);
        }
        return date;
    }
}
