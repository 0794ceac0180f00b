import java.util.Arrays;

enum Plan {
    BASIC("Basic", 900, 5),
    TEAM("Team", 1500, 50),
    ENTERPRISE("Enterprise", 2900, 1000);

    final String title;
    final int centsPerSeat;
    final int maxSeats;

    Plan(String title, int centsPerSeat, int maxSeats) {
        this.title = title;
        this.centsPerSeat = centsPerSeat;
        this.maxSeats = maxSeats;
    }

    static Plan named(String name) {
        return Arrays.stream(values())
            .filter(plan -> plan.name().equalsIgnoreCase(name))
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException("unknown plan: " + name));
    }

    boolean allowsSeats(int seats) {
        return seats >= 1 && seats <= maxSeats;
    }
}

final class Plans {

    static int monthlyCents(String plan, int seats) {
        Plan selected = Plan.named(plan);
        if (!selected.allowsSeats(seats)) {
            throw new IllegalArgumentException("seats: " + seats);
        }
        return selected.centsPerSeat * seats;
    }

    static boolean allowsSeats(String plan, int seats) {
        return Plan.named(plan).allowsSeats(seats);
    }

    static String label(String plan) {
        Plan selected = Plan.named(plan);
        return selected.title + " (up to " + selected.maxSeats + " seats)";
    }
}
