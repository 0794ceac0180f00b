#include <cstddef>
#include <string_view>

namespace {

// Takes the first level off the front of the text; false if there is none left.
bool takeLevel(std::string_view& text, bool& more, std::string_view& level) {
    if (!more) {
        return false;
    }
    const std::size_t slash = text.find('/');
    level = text.substr(0, slash);
    more = slash != std::string_view::npos;
    text.remove_prefix(more ? slash + 1 : text.size());
    return true;
}

bool startsWithWildcard(std::string_view filter) {
    return !filter.empty() && (filter.front() == '+' || filter.front() == '#');
}

}  // namespace

bool topicMatches(std::string_view filter, std::string_view topic) {
    if (startsWithWildcard(filter) && !topic.empty() && topic.front() == '$') {
        return false;
    }
    bool moreWanted = true;
    bool moreLevels = true;
    std::string_view wanted;
    std::string_view level;
    while (takeLevel(topic, moreLevels, level)) {
        if (!takeLevel(filter, moreWanted, wanted)) {
            return false;
        }
        if (wanted == "#") {
            return true;
        }
        if (wanted != "+" && wanted != level) {
            return false;
        }
    }
    // The topic is used up: whatever the filter still wants is missing.
    return !moreWanted;
}
