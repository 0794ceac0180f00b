#include <cstddef>
#include <cstdlib>
#include <new>

static std::size_t allocations = 0;

void* operator new(std::size_t size) {
    ++allocations;
    if (void* block = std::malloc(size)) {
        return block;
    }
    throw std::bad_alloc();
}

void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

#include "solution.cpp"

#include <sstream>

#undef NDEBUG
#include <cassert>

int main() {
    std::istringstream few(
        "2024-05-01T08:15:02 lane=3 plate=B-MX 4711 conf=0.93\n"
        "rubbish\n"
        "2024-05-01T08:15:03 lane=1 plate=AB 1 conf=0.5\n"
        "2024-05-01T08:15:04 lane=12 plate=X conf=1\n");
    const auto passages = screenPassages(few, 0.9);
    assert(passages.size() == 2 && passages[0].lane == 3 && passages[0].plate == "B-MX 4711");
    assert(passages[1].lane == 12 && passages[1].confidence == 1);

    std::string text;
    for (int i = 0; i < 200; ++i) {
        text += "2024-05-01T08:15:02 lane=3 plate=B-MX 4711 conf=0.13\n";
    }
    std::istringstream many(text);
    allocations = 0;
    assert(screenPassages(many, 0.9).empty());
    assert(allocations < 200 * 60);
    return 0;
}
