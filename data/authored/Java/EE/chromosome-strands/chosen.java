final class Strands {

    private static final String BASES = "ACGTNacgtn";
    private static final String PARTNERS = "TGCANtgcan";
    // By the code of the base; 0 stands where there is none.
    private static final char[] PARTNER_OF = new char[128];

    static {
        for (int i = 0; i < BASES.length(); i++) {
            PARTNER_OF[BASES.charAt(i)] = PARTNERS.charAt(i);
        }
    }

    private Strands() {
    }

    static String opposite(String bases) {
        char[] opposite = new char[bases.length()];
        for (int position = 0; position < bases.length(); position++) {
            char base = bases.charAt(position);
            char partner = base < PARTNER_OF.length ? PARTNER_OF[base] : 0;
            if (partner == 0) {
                throw new IllegalArgumentException("'" + base + "' at " + position + " is not a base");
            }
            opposite[opposite.length - 1 - position] = partner;
        }
        return new String(opposite);
    }
}
