#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

struct Dish {
    int id = 0;
    std::string name;
};

struct AllergenRow {
    int dishId = 0;
    std::string allergen;
};

struct AllergenSource {
    virtual ~AllergenSource() = default;
    virtual std::vector<AllergenRow> query(const std::vector<int>& dishIds) = 0;
};

struct MenuLine {
    std::string name;
    std::set<std::string> allergens;
};

std::vector<MenuLine> menuLines(const std::vector<Dish>& dishes, AllergenSource& source) {
    std::vector<int> ids;
    std::unordered_map<int, std::set<std::string>> allergens;
    for (const Dish& dish : dishes) {
        if (allergens.try_emplace(dish.id).second) {
            ids.push_back(dish.id);
        }
    }
    if (!ids.empty()) {
        for (AllergenRow& row : source.query(ids)) {
            allergens[row.dishId].insert(std::move(row.allergen));
        }
    }

    std::vector<MenuLine> lines;
    for (const Dish& dish : dishes) {
        lines.push_back({dish.name, allergens[dish.id]});
    }
    return lines;
}
