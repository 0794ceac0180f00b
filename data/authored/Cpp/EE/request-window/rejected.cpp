#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

class LatencyWindow {
public:
    explicit LatencyWindow(std::int64_t spanMs) : spanMs_(spanMs) {}

    void add(std::int64_t timeMs, std::int64_t latencyUs) {
        requests_.push_back({timeMs, latencyUs});
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
        std::int64_t sumUs = 0;
        for (const Request& request : requests_) {
            sumUs += request.latencyUs;
        }
        return static_cast<double>(sumUs) / static_cast<double>(requests_.size());
    }

private:
    struct Request {
        std::int64_t timeMs;
        std::int64_t latencyUs;
    };

    void expire(std::int64_t nowMs) {
        const auto expired = [&](const Request& request) { return request.timeMs <= nowMs - spanMs_; };
        requests_.erase(std::remove_if(requests_.begin(), requests_.end(), expired), requests_.end());
    }

    std::int64_t spanMs_;
    std::vector<Request> requests_;
};
