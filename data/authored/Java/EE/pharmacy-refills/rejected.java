import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

interface PharmacyStock {
    int available(String drug);

    Map<String, Integer> available(Set<String> drugs);
}

record Compartment(String drug, int present, int wanted) {
}

record Refill(String drug, int amount) {
}

final class RefillList {

    private final PharmacyStock stock;

    RefillList(PharmacyStock stock) {
        this.stock = stock;
    }

    List<Refill> due(List<Compartment> compartments) {
        Map<String, Integer> left = new HashMap<>();
        List<Refill> refills = new ArrayList<>();
        for (Compartment compartment : compartments) {
            int missing = compartment.wanted() - compartment.present();
            if (missing <= 0) {
                continue;
            }
            // Ask for a drug when it comes up first, then go on with what the earlier lines have left.
            int available = left.computeIfAbsent(compartment.drug(), drug -> stock.available(drug));
            int amount = Math.min(missing, available);
            if (amount > 0) {
                left.put(compartment.drug(), available - amount);
                refills.add(new Refill(compartment.drug(), amount));
            }
        }
        return refills;
    }
}
