import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

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
        Set<String> drugs = compartments.stream().map(Compartment::drug).collect(Collectors.toSet());
        // What the pharmacy still has of each drug.
        Map<String, Integer> left = new HashMap<>(stock.available(drugs));
        List<Refill> refills = new ArrayList<>();
        for (Compartment compartment : compartments) {
            int missing = compartment.wanted() - compartment.present();
            int amount = Math.min(missing, left.getOrDefault(compartment.drug(), 0));
            if (amount > 0) {
                left.merge(compartment.drug(), -amount, Integer::sum);
                refills.add(new Refill(compartment.drug(), amount));
            }
        }
        return refills;
    }
}
