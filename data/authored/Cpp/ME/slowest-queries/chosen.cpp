#include <algorithm>
#include <cstddef>
#include <istream>
#include <queue>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

struct Query {
    long milliseconds = 0;
    std::size_t lineNumber = 0;
    std::string statement;
};

static bool ranksBefore(const Query& left, const Query& right) {
    if (left.milliseconds != right.milliseconds) {
        return left.milliseconds > right.milliseconds;
    }
    return left.lineNumber < right.lineNumber;
}

std::vector<Query> slowestQueries(std::istream& log, std::size_t limit) {
    std::priority_queue<Query, std::vector<Query>, decltype(&ranksBefore)> kept(&ranksBefore);
    std::string line;
    for (std::size_t lineNumber = 1; std::getline(log, line); ++lineNumber) {
        std::istringstream fields(line);
        Query query;
        if (!(fields >> query.milliseconds)) {
            continue;
        }
        std::getline(fields >> std::ws, query.statement);
        query.lineNumber = lineNumber;
        kept.push(std::move(query));
        if (kept.size() > limit) {
            kept.pop();
        }
    }

    std::vector<Query> result;
    for (; !kept.empty(); kept.pop()) {
        result.push_back(kept.top());
    }
    std::reverse(result.begin(), result.end());
    return result;
}
