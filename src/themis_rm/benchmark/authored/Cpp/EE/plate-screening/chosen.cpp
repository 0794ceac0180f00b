#include <istream>
#include <optional>
#include <regex>
#include <string>
#include <utility>
#include <vector>

struct Passage {
    int lane = 0;
    std::string plate;
    double confidence = 0;
};

namespace {

const std::string kTime = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)";
const std::string kLane = R"(lane=(\d{1,3}))";
const std::string kPlate = R"(plate=([A-Z0-9 -]+))";
const std::string kConfidence = R"(conf=(\d+(?:\.\d+)?))";
const std::regex kForm(kTime + " " + kLane + " " + kPlate + " " + kConfidence);

std::optional<Passage> parsePassage(const std::string& line) {
    std::smatch match;
    if (!std::regex_match(line, match, kForm)) {
        return std::nullopt;
    }
    return Passage{std::stoi(match[1]), match[2], std::stod(match[3])};
}

}  // namespace

std::vector<Passage> screenPassages(std::istream& log, double minConfidence) {
    std::vector<Passage> passages;
    std::string line;
    while (std::getline(log, line)) {
        std::optional<Passage> passage = parsePassage(line);
        if (passage && passage->confidence >= minConfidence) {
            passages.push_back(std::move(*passage));
        }
    }
    return passages;
}
