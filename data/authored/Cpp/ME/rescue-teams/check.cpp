#include <cstddef>
#include <cstdlib>
#include <malloc.h>
#include <new>

static std::size_t held = 0;
static std::size_t peak = 0;

void* operator new(std::size_t size) {
    void* block = std::malloc(size);
    if (block == nullptr) {
        throw std::bad_alloc();
    }
    held += malloc_usable_size(block);
    peak = held > peak ? held : peak;
    return block;
}

void operator delete(void* block) noexcept {
    held -= block != nullptr ? malloc_usable_size(block) : 0;
    std::free(block);
}

void operator delete(void* block, std::size_t) noexcept { operator delete(block); }

#include "solution.cpp"

#undef NDEBUG
#include <cassert>
#include <string>

int main() {
    std::string order;
    const auto sum = [&](const std::vector<std::size_t>& team) {
        double total = 0;
        for (std::size_t person : team) {
            order += static_cast<char>('0' + person);
            total += person == 1 ? 5 : 1;
        }
        order += ' ';
        return total;
    };
    assert(bestTeam(3, 0, sum).empty() && bestTeam(3, 4, sum).empty());
    order.clear();
    assert((bestTeam(4, 2, sum) == std::vector<std::size_t>{0, 1}));
    assert(order == "01 02 03 12 13 23 ");
    assert((bestTeam(3, 3, sum) == std::vector<std::size_t>{0, 1, 2}));
    assert((bestTeam(3, 1, sum) == std::vector<std::size_t>{1}));

    peak = held;
    const std::size_t before = held;
    std::size_t calls = 0;
    bestTeam(16, 6, [&](const std::vector<std::size_t>&) { return static_cast<double>(calls++); });
    assert(calls == 8008);
    assert(peak - before < 10000);
    return 0;
}
