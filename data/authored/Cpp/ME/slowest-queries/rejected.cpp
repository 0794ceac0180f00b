#include <algorithm>
#include <cstddef>
#include <istream>
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
    std::vector<Query> queries;
    std::string line;
    for (std::size_t lineNumber = 1; std::getline(log, line); ++lineNumber) {
        std::istringstream fields(line);
        Query query;
        if (!(fields >> query.milliseconds)) {
            continue;
        }
        std::getline(fields >> std::ws, query.statement);
        query.lineNumber = lineNumber;
        queries.push_back(std::move(query));
    }

    const std::size_t count = std::min(limit, queries.size());
    std::partial_sort(queries.begin(), queries.begin() + static_cast<std::ptrdiff_t>(count),
                      queries.end(), ranksBefore);
    queries.resize(count);
    return queries;
}
