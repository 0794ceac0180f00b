#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

struct Job {
    std::string id;
    std::string document;
    int priority = 0;
};

class PrintQueue {
public:
    void submit(Job job) {
        waiting_.push_back(std::move(job));
        std::push_heap(waiting_.begin(), waiting_.end(), lessUrgent);
    }

    std::optional<Job> next() {
        if (waiting_.empty()) {
            return std::nullopt;
        }
        std::pop_heap(waiting_.begin(), waiting_.end(), lessUrgent);
        Job job = std::move(waiting_.back());
        waiting_.pop_back();
        return job;
    }

    bool cancel(const std::string& id) {
        auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const Job& job) { return job.id == id; });
        if (found == waiting_.end()) {
            return false;
        }
        waiting_.erase(found);
        std::make_heap(waiting_.begin(), waiting_.end(), lessUrgent);
        return true;
    }

    std::size_t size() const { return waiting_.size(); }

private:
    static bool lessUrgent(const Job& left, const Job& right) {
        return left.priority < right.priority;
    }

    std::vector<Job> waiting_;
};
