#include "solution.cpp"

#undef NDEBUG
#include <cassert>
#include <utility>

static bool gives(std::vector<Closure> closures, const std::vector<std::pair<int, int>>& wanted) {
    const std::vector<Closure> merged = mergeClosures(std::move(closures));
    return std::equal(merged.begin(), merged.end(), wanted.begin(), wanted.end(),
                      [](const Closure& left, const auto& right) {
                          return left.begin == right.first && left.end == right.second;
                      });
}

int main() {
    assert(gives({}, {}));
    assert(gives({{5, 5}, {9, 3}}, {}));
    assert(gives({{60, 90}, {10, 20}}, {{10, 20}, {60, 90}}));
    assert(gives({{10, 30}, {20, 40}, {40, 50}, {51, 52}}, {{10, 50}, {51, 52}}));
    assert(gives({{10, 20}, {10, 30}}, {{10, 30}}));
    assert(gives({{0, 600}, {60, 120}}, {{0, 600}}));
    assert(gives({{0, 600}, {60, 120}, {300, 310}, {590, 700}}, {{0, 700}}));
    return 0;
}
