#include "solution.cpp"

#undef NDEBUG
#include <cassert>

int main() {
    std::vector<Hold> none;
    assert(expireHolds(none, 10, 3).empty() && none.empty());

    std::vector<Hold> holds = {{1, true, 1}, {2, true, 7}, {3, false, 0}, {4, true, 6}, {5, true, 8}};
    assert((expireHolds(holds, 10, 3) == std::vector<int>{1, 4}));
    assert(holds.size() == 3 && holds[0].member == 2 && holds[1].member == 3 && holds[2].member == 5);

    holds = {{1, true, 1}, {2, true, 1}, {3, true, 9}, {4, true, 1}, {5, true, 1}, {6, true, 1}};
    assert((expireHolds(holds, 10, 3) == std::vector<int>{1, 2, 4, 5, 6}));
    assert(holds.size() == 1 && holds[0].member == 3);
    return 0;
}
