#include <string>
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

// Walks the structure with a list of open positions of its own, so that deep nesting
// needs no call stack; each position carries how often it occurs in the whole machine.
double materialCost(const std::string& part, const PartsCatalog& catalog) {
    double total = 0;
    std::vector<Component> open;
    open.push_back({part, 1});

    while (!open.empty()) {
        const Component current = open.back();
        open.pop_back();
        total += current.quantity * catalog.price(current.part);

        for (const Component& component : catalog.components(current.part)) {
            const double occurrences = current.quantity * component.quantity;
            open.push_back({component.part, occurrences});
        }
    }
    return total;
}
