import java.util.List;

final class Check {
    private static void expect(Object expected, Object actual) {
        if (!expected.equals(actual)) {
            System.err.println("expected " + expected + ", got " + actual);
            System.exit(1);
        }
    }

    public static void main(String[] args) {
        expect(List.of(), TrailProfile.sections(new double[0], 3));
        expect(
            List.of(new Section(100, 130, 30), new Section(120, 125, 5)),
            TrailProfile.sections(new double[] {100, 130, 110, 120, 125}, 3));
        expect(List.of(new Section(-2, 4, 6)), TrailProfile.sections(new double[] {-2, 4, 0}, 10));
        try {
            TrailProfile.sections(new double[] {1}, 0);
            expect("an exception", "nothing");
        } catch (IllegalArgumentException expected) {
            expect(List.of(new Section(7, 7, 0)), TrailProfile.sections(new double[] {7}, 1));
        }
        expect(List.of(new Section(-428, -390, 38)), TrailProfile.sections(new double[] {-400, -428, -390}, 3));
        expect(
            List.of(new Section(10, 20, 10), new Section(-30, -30, 0)),
            TrailProfile.sections(new double[] {10, 20, -30}, 2));
    }
}
