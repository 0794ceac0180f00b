#include "solution.cpp"

#undef NDEBUG
#include <cassert>

int main() {
    TokenBucket bucket(10, 100, 5000);
    assert(bucket.available(5000) == 10);
    assert(!bucket.tryTake(11, 5000) && bucket.available(5000) == 10);
    assert(bucket.tryTake(10, 5000) && !bucket.tryTake(1, 5000));
    assert(bucket.available(4990) == 0);
    assert(bucket.available(5000) == 0);
    assert(bucket.available(5050) == 5);
    assert(bucket.available(9000) == 10);
    assert(bucket.tryTake(10, 9000));
    for (std::int64_t now = 9001; now < 9100; ++now) {
        bucket.available(now);
    }
    assert(bucket.available(9100) == 10);

    TokenBucket rare(2, 3, 0);
    assert(rare.tryTake(2, 0));
    for (std::int64_t now = 100; now <= 300; now += 100) {
        assert(!rare.tryTake(1, now));
    }
    assert(rare.tryTake(1, 400));
    return 0;
}
