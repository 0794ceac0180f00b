#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

struct Review {
    std::string author;
    std::string city;
    std::string text;
    int stars = 0;
};

namespace {

// The ampersand comes first, so that the ampersands of the other entities stay as they are.
constexpr std::array<std::pair<char, std::string_view>, 3> kEntities = {{
    {'&', "&amp;"},
    {'<', "&lt;"},
    {'>', "&gt;"},
}};

std::string escaped(std::string_view text) {
    std::string html(text);
    for (const auto& [special, entity] : kEntities) {
        std::size_t at = 0;
        while ((at = html.find(special, at)) != std::string::npos) {
            html.replace(at, 1, entity);
            at += entity.size();
        }
    }
    return html;
}

std::string attribute(std::string_view name, std::string_view value) {
    return " data-" + std::string(name) + "=\"" + escaped(value) + "\"";
}

}  // namespace

std::string reviewCard(const Review& review) {
    return "<article" + attribute("author", review.author) + attribute("city", review.city) +
           attribute("stars", std::to_string(review.stars)) + "><h3>" + escaped(review.author) + "</h3><p>" +
           escaped(review.text) + "</p></article>";
}
