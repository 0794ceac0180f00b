#include <algorithm>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

struct Item {
    std::string sku;
    int quantity = 0;
    int reorderLevel = 0;
    int reserved = 0;
    int expiryDay = 0;
};

template <typename Predicate>
static void writeSection(std::ostream& out, const std::string& title, const std::vector<Item>& items,
                         Predicate belongs) {
    std::vector<Item> members;
    std::copy_if(items.begin(), items.end(), std::back_inserter(members), belongs);
    std::sort(members.begin(), members.end(),
              [](const Item& left, const Item& right) { return left.sku < right.sku; });

    out << "== " << title << " (" << members.size() << ") ==\n";
    if (members.empty()) {
        out << "  none\n";
    } else {
        for (const Item& item : members) {
            out << "  " << item.sku << ": " << item.quantity << "\n";
        }
    }
}

std::string stockSummary(const std::vector<Item>& items, int today) {
    std::ostringstream out;
    writeSection(out, "LOW STOCK", items,
                 [](const Item& item) { return item.quantity < item.reorderLevel; });
    writeSection(out, "EXPIRED", items,
                 [today](const Item& item) { return item.expiryDay < today; });
    writeSection(out, "OVERBOOKED", items,
                 [](const Item& item) { return item.reserved > item.quantity; });
    return out.str();
}
