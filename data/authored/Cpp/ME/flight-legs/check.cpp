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
int main() {
    LegArchive archive;
    archive.add({"FRA", "JFK", "LH", 28'000'000, 540});
    archive.add({"AAA", "ZZZ", "4U", 541'727'999, 1999});
    const Leg first = archive.at(0), second = archive.at(1);
    assert(archive.size() == 2 && first.origin == "FRA" && first.destination == "JFK" && first.airline == "LH");
    assert(first.departure == 28'000'000 && first.duration == 540);
    assert(second.airline == "4U" && second.departure == 541'727'999 && second.duration == 1999);

    const Leg wrong[] = {{"FR", "JFK", "LH", 0, 0},
                         {"F1A", "JFK", "LH", 0, 0},
                         {"FRA", "JFK", "L-", 0, 0},
                         {"FRA", "JFK", "LH", -1, 0},
                         {"FRA", "JFK", "LH", 0, 2000}};
    for (const Leg& leg : wrong) {
        try {
            archive.add(leg);
            assert(false);
        } catch (const std::invalid_argument&) {
        }
    }

    const std::size_t before = held;
    for (int i = 0; i < 20000; ++i) {
        archive.add({"FRA", "JFK", "LH", i, i % 2000});
    }
    assert((held - before) / 20000 < 64);
    return 0;
}
