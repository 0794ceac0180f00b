final class Plans {

    static int monthlyCents(String plan, int seats) {
        if (plan.equalsIgnoreCase("basic")) {
            if (seats < 1 || seats > 5) {
                throw new IllegalArgumentException("seats: " + seats);
            }
            return 900 * seats;
        } else if (plan.equalsIgnoreCase("team")) {
            if (seats < 1 || seats > 50) {
                throw new IllegalArgumentException("seats: " + seats);
            }
            return 1500 * seats;
        } else if (plan.equalsIgnoreCase("enterprise")) {
            if (seats < 1 || seats > 1000) {
                throw new IllegalArgumentException("seats: " + seats);
            }
            return 2900 * seats;
        }
        throw new IllegalArgumentException("unknown plan: " + plan);
    }

    static boolean allowsSeats(String plan, int seats) {
        if (plan.equalsIgnoreCase("basic")) {
            return seats >= 1 && seats <= 5;
        } else if (plan.equalsIgnoreCase("team")) {
            return seats >= 1 && seats <= 50;
        } else if (plan.equalsIgnoreCase("enterprise")) {
            return seats >= 1 && seats <= 1000;
        }
        throw new IllegalArgumentException("unknown plan: " + plan);
    }

    static String label(String plan) {
        if (plan.equalsIgnoreCase("basic")) {
            return "Basic (up to 5 seats)";
        } else if (plan.equalsIgnoreCase("team")) {
            return "Team (up to 50 seats)";
        } else if (plan.equalsIgnoreCase("enterprise")) {
            return "Enterprise (up to 1000 seats)";
        }
        throw new IllegalArgumentException("unknown plan: " + plan);
    }
}
