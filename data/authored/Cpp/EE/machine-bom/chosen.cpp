#include <string>
#include <unordered_map>
#include <vector>

struct Component {
    std::string part;
    double quantity = 0;
};

class PartsCatalog {
public:
    virtual ~PartsCatalog() = default;
    virtual double price(const std::string& part) const = 0;
    virtual std::vector<Component> components(const std::string& part) const = 0;
};

namespace {

// By part number.
using KnownCosts = std::unordered_map<std::string, double>;

double costOf(const std::string& part, const PartsCatalog& catalog, KnownCosts& known) {
    const auto found = known.find(part);
    if (found != known.end()) {
        return found->second;
    }
    double cost = catalog.price(part);
    for (const Component& component : catalog.components(part)) {
        cost += component.quantity * costOf(component.part, catalog, known);
    }
    known.emplace(part, cost);
    return cost;
}

}  // namespace

double materialCost(const std::string& part, const PartsCatalog& catalog) {
    KnownCosts known;
    return costOf(part, catalog, known);
}
