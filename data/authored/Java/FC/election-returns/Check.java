import java.util.List;

final class Check {
    private static void expect(Summary actual, List<Long> votes, List<String> pending, List<String> refused) {
        List<Long> counted = java.util.Arrays.stream(actual.votes()).boxed().toList();
        if (!counted.equals(votes) || !actual.pending().equals(pending) || !actual.refused().equals(refused)) {
            System.err.println("got " + counted + " " + actual.pending() + " " + actual.refused());
            System.exit(1);
        }
    }

    public static void main(String[] args) {
        expect(ElectionReturns.read(List.of(), 2), List.of(0L, 0L), List.of(), List.of());
        expect(
            ElectionReturns.read(List.of("0412;Town hall;120;87;;14", "0413;School;1;2;3;4"), 4),
            List.of(121L, 89L, 3L, 18L), List.of("0412"), List.of());
        expect(
            ElectionReturns.read(List.of("1;A;5;x", "2;B;5", "3;C;5;6;7", "4;D;-1;2", "5;E;;6"), 2),
            List.of(0L, 6L), List.of("5"), List.of("1;A;5;x", "2;B;5", "3;C;5;6;7", "4;D;-1;2"));
        expect(
            ElectionReturns.read(List.of("1;A;5;", "2;B;;", "3;C;1;2;"), 2),
            List.of(5L, 0L), List.of("1", "2"), List.of("3;C;1;2;"));
    }
}
