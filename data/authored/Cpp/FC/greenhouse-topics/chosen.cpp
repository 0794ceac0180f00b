#include <cstddef>
#include <string_view>
#include <vector>

namespace {

// Levels may be empty: there is one more than there are slashes.
std::vector<std::string_view> splitLevels(std::string_view text) {
    std::vector<std::string_view> levels;
    std::size_t begin = 0;
    for (std::size_t slash = text.find('/'); slash != std::string_view::npos; slash = text.find('/', begin)) {
        levels.push_back(text.substr(begin, slash - begin));
        begin = slash + 1;
    }
    levels.push_back(text.substr(begin));
    return levels;
}

bool startsWithWildcard(std::string_view filter) {
    return !filter.empty() && (filter.front() == '+' || filter.front() == '#');
}

}  // namespace

bool topicMatches(std::string_view filter, std::string_view topic) {
    if (startsWithWildcard(filter) && !topic.empty() && topic.front() == '$') {
        return false;
    }
    const auto wanted = splitLevels(filter);
    const auto levels = splitLevels(topic);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] == "#") {
            return true;
        }
        if (i == levels.size() || (wanted[i] != "+" && wanted[i] != levels[i])) {
            return false;
        }
    }
    return wanted.size() == levels.size();
}
