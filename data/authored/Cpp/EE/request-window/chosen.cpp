#include <cstddef>
#include <cstdint>
#include <deque>

class LatencyWindow {
public:
    explicit LatencyWindow(std::int64_t spanMs) : spanMs_(spanMs) {}

    void add(std::int64_t timeMs, std::int64_t latencyUs) {
        requests_.push_back({timeMs, latencyUs});
        sumUs_ += latencyUs;
    }

    std::size_t count(std::int64_t nowMs) {
        expire(nowMs);
        return requests_.size();
    }

    double meanLatency(std::int64_t nowMs) {
        expire(nowMs);
        if (requests_.empty()) {
            return 0.0;
        }
        return static_cast<double>(sumUs_) / static_cast<double>(requests_.size());
    }

private:
    struct Request {
        std::int64_t timeMs;
        std::int64_t latencyUs;
    };

    void expire(std::int64_t nowMs) {
        while (!requests_.empty() && requests_.front().timeMs <= nowMs - spanMs_) {
            sumUs_ -= requests_.front().latencyUs;
            requests_.pop_front();
        }
    }

    std::int64_t spanMs_;
    std::int64_t sumUs_ = 0;
    std::deque<Request> requests_;
};
