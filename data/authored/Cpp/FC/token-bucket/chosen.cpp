#include <algorithm>
#include <cstdint>

class TokenBucket {
public:
    TokenBucket(std::int64_t capacity, std::int64_t tokensPerSecond, std::int64_t nowMs)
        : capacity_(capacity * kParts),
          partsPerMs_(tokensPerSecond),
          level_(capacity * kParts),
          lastMs_(nowMs) {}

    bool tryTake(std::int64_t count, std::int64_t nowMs) {
        refill(nowMs);
        if (level_ < count * kParts) {
            return false;
        }
        level_ -= count * kParts;
        return true;
    }

    std::int64_t available(std::int64_t nowMs) {
        refill(nowMs);
        return level_ / kParts;
    }

private:
    // Levels are kept in thousandths of a token.
    static constexpr std::int64_t kParts = 1000;

    void refill(std::int64_t nowMs) {
        const std::int64_t elapsedMs = nowMs - lastMs_;
        if (elapsedMs <= 0) {
            return;
        }
        level_ = std::min(capacity_, level_ + elapsedMs * partsPerMs_);
        lastMs_ = nowMs;
    }

    std::int64_t capacity_;
    std::int64_t partsPerMs_;
    std::int64_t level_;
    std::int64_t lastMs_;
};
