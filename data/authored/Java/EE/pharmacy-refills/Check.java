import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

final class Check {
    private static int requests;

    private static void expect(boolean holds, String what) {
        if (!holds) {
            System.err.println("failed: " + what);
            System.exit(1);
        }
    }

    private static PharmacyStock stock(Map<String, Integer> levels) {
        return new PharmacyStock() {
            @Override
            public int available(String drug) {
                requests++;
                return levels.getOrDefault(drug, 0);
            }

            @Override
            public Map<String, Integer> available(Set<String> drugs) {
                requests++;
                Map<String, Integer> found = new TreeMap<>();
                drugs.forEach(drug -> found.put(drug, levels.getOrDefault(drug, 0)));
                return found;
            }
        };
    }

    public static void main(String[] args) {
        List<Compartment> ward = List.of(
            new Compartment("A", 2, 10), new Compartment("B", 5, 5), new Compartment("C", 0, 3),
            new Compartment("A", 0, 4), new Compartment("D", 1, 2), new Compartment("A", 0, 1));
        List<Refill> refills = new RefillList(stock(Map.of("A", 10, "B", 9, "D", 8))).due(ward);
        expect(refills.equals(List.of(new Refill("A", 8), new Refill("A", 2), new Refill("D", 1))), "got " + refills);

        List<Compartment> many = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            many.add(new Compartment("drug " + i, 0, 1));
        }
        requests = 0;
        new RefillList(stock(Map.of("drug 7", 1))).due(many);
        expect(requests <= 3, requests + " requests for 300 compartments");
    }
}
