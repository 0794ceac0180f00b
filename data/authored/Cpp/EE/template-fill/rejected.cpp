#include <cstddef>
#include <map>
#include <string>

using Variables = std::map<std::string, std::string>;

namespace {

constexpr int kMaxDepth = 8;

std::string strip(const std::string& text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string::npos) {
        return "";
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string expand(std::string text, Variables variables, int depth) {
    std::string result;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t open = text.find("{{", at);
        const std::size_t close = open == std::string::npos ? open : text.find("}}", open);
        if (close == std::string::npos || depth == kMaxDepth) {
            return result + text.substr(at);
        }
        result += text.substr(at, open - at);
        auto entry = variables.find(strip(text.substr(open + 2, close - open - 2)));
        if (entry != variables.end()) {
            result += expand(entry->second, variables, depth + 1);
        }
        at = close + 2;
    }
    return result;
}

}  // namespace

std::string render(const std::string& text, const Variables& variables) {
    return expand(text, variables, 0);
}
