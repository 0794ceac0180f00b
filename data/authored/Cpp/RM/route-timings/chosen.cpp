#include <iomanip>
#include <istream>
#include <map>
#include <optional>
#include <sstream>
#include <string>

struct Request {
    std::string path;
    int status = 0;
    double milliseconds = 0;

    bool failedOnServer() const { return status >= 500 && status <= 599; }
};

struct RouteTimings {
    int requests = 0;
    int errors = 0;
    double totalMilliseconds = 0;

    void add(const Request& request) {
        ++requests;
        errors += request.failedOnServer() ? 1 : 0;
        totalMilliseconds += request.milliseconds;
    }
};

static std::optional<Request> parseRequest(const std::string& line) {
    std::istringstream fields(line);
    std::string method;
    Request request;
    if (!(fields >> method >> request.path >> request.status >> request.milliseconds)) {
        return std::nullopt;
    }
    request.path = request.path.substr(0, request.path.find('?'));
    return request;
}

std::string routeReport(std::istream& accessLog) {
    std::map<std::string, RouteTimings> routes;
    for (std::string line; std::getline(accessLog, line);) {
        if (const auto request = parseRequest(line)) {
            routes[request->path].add(*request);
        }
    }

    std::ostringstream report;
    report << std::fixed << std::setprecision(1);
    for (const auto& [path, timings] : routes) {
        report << path << " requests=" << timings.requests << " errors=" << timings.errors
               << " mean=" << timings.totalMilliseconds / timings.requests << "\n";
    }
    return report.str();
}
