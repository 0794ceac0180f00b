#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>

struct Job {
    std::string id;
    std::string document;
    int priority = 0;
};

class PrintQueue {
public:
    void submit(Job job) {
        levels_[job.priority].push_back(std::move(job));
        ++size_;
    }

    std::optional<Job> next() {
        if (levels_.empty()) {
            return std::nullopt;
        }
        auto top = levels_.begin();
        Job job = std::move(top->second.front());
        remove(top, top->second.begin());
        return job;
    }

    bool cancel(const std::string& id) {
        for (auto level = levels_.begin(); level != levels_.end(); ++level) {
            for (auto job = level->second.begin(); job != level->second.end(); ++job) {
                if (job->id == id) {
                    remove(level, job);
                    return true;
                }
            }
        }
        return false;
    }

    std::size_t size() const { return size_; }

private:
    using Levels = std::map<int, std::list<Job>, std::greater<int>>;

    void remove(Levels::iterator level, std::list<Job>::iterator job) {
        level->second.erase(job);
        if (level->second.empty()) {
            levels_.erase(level);
        }
        --size_;
    }

    Levels levels_;
    std::size_t size_ = 0;
};
