final class Strands {

    private static final String BASES = "ACGTNacgtn";
    private static final String PARTNERS = "TGCANtgcan";

    private Strands() {
    }

    static String opposite(String bases) {
        StringBuilder opposite = new StringBuilder(bases.length());
        for (int position = 0; position < bases.length(); position++) {
            // Each partner goes in front of those found before, which turns the strand around.
            opposite.insert(0, partner(bases.charAt(position), position));
        }
        return opposite.toString();
    }

    private static char partner(char base, int position) {
        int index = BASES.indexOf(base);
        if (index < 0) {
            throw new IllegalArgumentException("'" + base + "' at " + position + " is not a base");
        }
        return PARTNERS.charAt(index);
    }
}
