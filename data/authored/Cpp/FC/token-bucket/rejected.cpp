#include <algorithm>
#include <cstdint>

class TokenBucket {
public:
    TokenBucket(std::int64_t capacity, std::int64_t tokensPerSecond, std::int64_t nowMs)
        : capacity_(capacity),
          tokensPerSecond_(tokensPerSecond),
          tokens_(capacity),
          refilledAtMs_(nowMs) {}

    bool tryTake(std::int64_t count, std::int64_t nowMs) {
        refill(nowMs);
        if (tokens_ < count) {
            return false;
        }
        tokens_ -= count;
        return true;
    }

    std::int64_t available(std::int64_t nowMs) {
        refill(nowMs);
        return tokens_;
    }

private:
    static constexpr std::int64_t kMillisecondsPerSecond = 1000;

    // The clock may step back; such a call leaves the bucket as it is.
    void refill(std::int64_t nowMs) {
        const std::int64_t elapsedMs = nowMs - refilledAtMs_;
        if (elapsedMs <= 0) {
            return;
        }
        const std::int64_t earned = elapsedMs * tokensPerSecond_ / kMillisecondsPerSecond;
        tokens_ = std::min(capacity_, tokens_ + earned);
        refilledAtMs_ = nowMs;
    }

    std::int64_t capacity_;
    std::int64_t tokensPerSecond_;
    std::int64_t tokens_;
    std::int64_t refilledAtMs_;
};
