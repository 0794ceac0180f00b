#include "solution.cpp"

#undef NDEBUG
#include <cassert>

static std::string drain(PrintQueue& queue) {
    std::string order;
    while (auto job = queue.next()) {
        order += job->id;
    }
    return order;
}

int main() {
    PrintQueue queue;
    assert(!queue.next());
    queue.submit({"a", "x", 1});
    queue.submit({"b", "x", 5});
    queue.submit({"c", "x", 3});
    assert(queue.size() == 3);
    assert(queue.cancel("c") && !queue.cancel("c") && queue.size() == 2);
    assert(drain(queue) == "ba" && queue.size() == 0);

    for (char id = 'a'; id <= 'j'; ++id) {
        queue.submit({std::string(1, id), "x", 2});
    }
    assert(drain(queue) == "abcdefghij");

    queue.submit({"a", "x", 1});
    queue.submit({"b", "x", 2});
    queue.submit({"c", "x", 1});
    queue.submit({"d", "x", 2});
    queue.submit({"e", "x", 1});
    queue.submit({"f", "x", -4});
    queue.submit({"g", "x", 2});
    assert(queue.cancel("d"));
    assert(drain(queue) == "bgacef");
    return 0;
}
