final class Plans {

    private static final String BASIC = "basic";
    private static final String TEAM = "team";
    private static final String ENTERPRISE = "enterprise";

    static int monthlyCents(String plan, int seats) {
        if (plan.equalsIgnoreCase(BASIC)) {
            if (seats < 1 || seats > 5) {
                throw new IllegalArgumentException("seats: " + seats);
            }
            return 900 * seats;
        }
        if (plan.equalsIgnoreCase(TEAM)) {
            if (seats < 1 || seats > 50) {
                throw new IllegalArgumentException("seats: " + seats);
            }
            return 1500 * seats;
        }
        if (plan.equalsIgnoreCase(ENTERPRISE)) {
            if (seats < 1 || seats > 1000) {
                throw new IllegalArgumentException("seats: " + seats);
            }
            return 2900 * seats;
        }
        throw new IllegalArgumentException("unknown plan: " + plan);
    }

    static boolean allowsSeats(String plan, int seats) {
        if (plan.equalsIgnoreCase(BASIC)) {
            return seats >= 1 && seats <= 5;
        }
        if (plan.equalsIgnoreCase(TEAM)) {
            return seats >= 1 && seats <= 50;
        }
        if (plan.equalsIgnoreCase(ENTERPRISE)) {
            return seats >= 1 && seats <= 1000;
        }
        throw new IllegalArgumentException("unknown plan: " + plan);
    }

    static String label(String plan) {
        if (plan.equalsIgnoreCase(BASIC)) {
            return "Basic (up to 5 seats)";
        }
        if (plan.equalsIgnoreCase(TEAM)) {
            return "Team (up to 50 seats)";
        }
        if (plan.equalsIgnoreCase(ENTERPRISE)) {
            return "Enterprise (up to 1000 seats)";
        }
        throw new IllegalArgumentException("unknown plan: " + plan);
    }
}
