#include "solution.cpp"

#undef NDEBUG
#include <cassert>

struct CountingSource : AllergenSource {
    int calls = 0;

    std::vector<AllergenRow> query(const std::vector<int>& dishIds) override {
        ++calls;
        std::vector<AllergenRow> rows;
        for (int id : dishIds) {
            if (id % 2 == 0) {
                rows.push_back({id, "milk"});
            }
            if (id % 3 == 0) {
                rows.push_back({id, "egg"});
            }
        }
        return rows;
    }
};

int main() {
    CountingSource source;
    assert(menuLines({}, source).empty());

    const auto lines = menuLines({{6, "Quiche"}, {1, "Salad"}, {2, "Pie"}, {6, "Tart"}}, source);
    assert(lines.size() == 4 && lines[0].name == "Quiche" && lines[3].name == "Tart");
    assert((lines[0].allergens == std::set<std::string>{"egg", "milk"}) && lines[1].allergens.empty());
    assert(lines[2].allergens == std::set<std::string>{"milk"} && lines[3].allergens == lines[0].allergens);

    source.calls = 0;
    std::vector<Dish> dishes;
    for (int id = 0; id < 300; ++id) {
        dishes.push_back({id, "Dish"});
    }
    assert(menuLines(dishes, source).size() == 300);
    assert(source.calls <= 3);
    return 0;
}
