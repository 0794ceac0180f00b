#include <string>
#include <string_view>

struct Review {
    std::string author;
    std::string city;
    std::string text;
    int stars = 0;
};

namespace {

// Replaces the characters that have a meaning in HTML, in text and in attributes.
std::string escaped(std::string_view text) {
    std::string html;
    html.reserve(text.size() + text.size() / 8);
    for (char c : text) {
        switch (c) {
            case '&': html += "&amp;"; break;
            case '<': html += "&lt;"; break;
            case '>': html += "&gt;"; break;
            case '"': html += "&quot;"; break;
            case '\'': html += "&#39;"; break;
            default: html += c;
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
