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
#include <algorithm>
#include <cassert>

static std::string message(std::size_t length, char letter) {
    const char header[] = {static_cast<char>(length >> 24), static_cast<char>(length >> 16),
                           static_cast<char>(length >> 8), static_cast<char>(length)};
    return std::string(header, 4) + std::string(length, letter);
}

int main() {
    std::string seen;
    std::size_t large = 0;
    const auto note = [&](std::string_view text) {
        large += text.size() > 100 ? text.size() : 0;
        seen += text.size() > 100 ? "" : std::string(text) + "|";
    };
    MessageAssembler assembler;

    const std::string bytes = message(2, 'a') + message(0, 'x') + message(3, 'b');
    for (char c : bytes) {
        assembler.feed(&c, 1, note);
    }
    assembler.feed(bytes.data(), bytes.size(), note);
    assert(seen == "aa||bbb|aa||bbb|");

    const std::string profile = message(1000000, 'p') + std::string(2, '\0');
    const std::size_t before = held;
    for (std::size_t at = 0; at < profile.size(); at += 1400) {
        assembler.feed(profile.data() + at, std::min<std::size_t>(1400, profile.size() - at), note);
    }
    assert(large == 1000000);
    assembler.feed("\0\1c", 3, note);
    assert(seen == "aa||bbb|aa||bbb|c|");
    assert(held < before + 20000);

    try {
        assembler.feed("\0\x7F\xFF\xFF", 4, note);
        assert(false);
    } catch (const std::length_error&) {
    }
    return 0;
}
