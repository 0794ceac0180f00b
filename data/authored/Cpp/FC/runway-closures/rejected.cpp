#include <algorithm>
#include <vector>

struct Closure {
    int begin = 0;
    int end = 0;
};

std::vector<Closure> mergeClosures(std::vector<Closure> closures) {
    const auto isEmpty = [](const Closure& closure) { return closure.end <= closure.begin; };
    const auto startsEarlier = [](const Closure& left, const Closure& right) {
        return left.begin != right.begin ? left.begin < right.begin : left.end < right.end;
    };

    closures.erase(std::remove_if(closures.begin(), closures.end(), isEmpty), closures.end());
    std::sort(closures.begin(), closures.end(), startsEarlier);

    std::vector<Closure> merged;
    for (const Closure& closure : closures) {
        const bool connects = !merged.empty() && closure.begin <= merged.back().end;
        if (connects) {
            merged.back().end = closure.end;
        } else {
            merged.push_back(closure);
        }
    }
    return merged;
}
