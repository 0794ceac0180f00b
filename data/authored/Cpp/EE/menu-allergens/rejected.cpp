#include <set>
#include <string>
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

static std::set<std::string> allergensOf(const Dish& dish, AllergenSource& source) {
    std::set<std::string> allergens;
    for (AllergenRow& row : source.query({dish.id})) {
        allergens.insert(std::move(row.allergen));
    }
    return allergens;
}

std::vector<MenuLine> menuLines(const std::vector<Dish>& dishes, AllergenSource& source) {
    std::vector<MenuLine> lines;
    lines.reserve(dishes.size());
    for (const Dish& dish : dishes) {
        lines.push_back({dish.name, allergensOf(dish, source)});
    }
    return lines;
}
