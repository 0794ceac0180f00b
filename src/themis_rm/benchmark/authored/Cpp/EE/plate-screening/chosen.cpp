#include <istream>
#include <optional>
#include <regex>
#include <string>
#include <vector>

struct Passage {
    int lane = 0;
    std::string plate;
    double confidence = 0;
};

namespace {

std::optional<Passage> parsePassage(const std::string& line) {
    static const std::regex form(
        R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d lane=(\d{1,3}) plate=([A-Z0-9 -]+) conf=(\d+(?:\.\d+)?))");
    std::smatch match;
    if (!std::regex_match(line, match, form)) {
        return std::nullopt;
    }
    return Passage{std::stoi(match[1]), match[2], std::stod(match[3])};
}

}  // namespace

std::vector<Passage> screenPassages(std::istream& log, double minConfidence) {
    std::vector<Passage> passages;
    for (std::string line; std::getline(log, line);) {
        const auto passage = parsePassage(line);
        if (passage && passage->confidence >= minConfidence) {
            passages.push_back(*passage);
        }
    }
    return passages;
}
