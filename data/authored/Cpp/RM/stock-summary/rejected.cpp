#include <algorithm>
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

std::string stockSummary(const std::vector<Item>& items, int today) {
    std::ostringstream out;
    std::vector<Item> low, expired, overbooked;
    for (const Item& item : items) {
        if (item.quantity < item.reorderLevel) low.push_back(item);
        if (item.expiryDay < today) expired.push_back(item);
        if (item.reserved > item.quantity) overbooked.push_back(item);
    }
    std::sort(low.begin(), low.end(),
              [](const Item& left, const Item& right) { return left.sku < right.sku; });
    out << "== LOW STOCK (" << low.size() << ") ==\n";
    for (const Item& item : low) {
        out << "  " << item.sku << ": " << item.quantity << "\n";
    }
    if (low.empty()) {
        out << "  none\n";
    }
    std::sort(expired.begin(), expired.end(),
              [](const Item& left, const Item& right) { return left.sku < right.sku; });
    out << "== EXPIRED (" << expired.size() << ") ==\n";
    for (const Item& item : expired) {
        out << "  " << item.sku << ": " << item.quantity << "\n";
    }
    if (expired.empty()) {
        out << "  none\n";
    }
    std::sort(overbooked.begin(), overbooked.end(),
              [](const Item& left, const Item& right) { return left.sku < right.sku; });
    out << "== OVERBOOKED (" << overbooked.size() << ") ==\n";
    for (const Item& item : overbooked) {
        out << "  " << item.sku << ": " << item.quantity << "\n";
    }
    if (overbooked.empty()) {
        out << "  none\n";
    }
    return out.str();
}
