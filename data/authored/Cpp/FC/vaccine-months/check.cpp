#include "solution.cpp"

#undef NDEBUG
#include <cassert>

int main() {
    assert(completeMonths({2023, 5, 10}, {2023, 5, 9}) == -1);
    assert(completeMonths({2023, 5, 10}, {2023, 5, 10}) == 0);
    assert(completeMonths({2023, 5, 10}, {2023, 6, 9}) == 0);
    assert(completeMonths({2023, 5, 10}, {2023, 6, 10}) == 1);
    assert(completeMonths({2023, 12, 31}, {2024, 1, 30}) == 0);
    assert(completeMonths({2022, 12, 15}, {2024, 1, 20}) == 13);
    assert(completeMonths({2023, 1, 31}, {2023, 4, 30}) == 3);
    assert(completeMonths({2024, 2, 29}, {2025, 2, 28}) == 12);
    assert(completeMonths({2023, 4, 30}, {2023, 5, 30}) == 1);
    assert(completeMonths({2023, 1, 30}, {2023, 2, 27}) == 0);
    assert(completeMonths({2023, 1, 30}, {2023, 2, 28}) == 1);
    assert(completeMonths({2024, 1, 29}, {2025, 2, 28}) == 13);
    return 0;
}
