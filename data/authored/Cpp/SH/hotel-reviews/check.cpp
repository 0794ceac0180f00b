#include "solution.cpp"

#undef NDEBUG
#include <cassert>

int main() {
    assert(reviewCard({"Ann", "Lyon", "Room & bath < 10", 4}) ==
           "<article data-author=\"Ann\" data-city=\"Lyon\" data-stars=\"4\">"
           "<h3>Ann</h3><p>Room &amp; bath &lt; 10</p></article>");
    assert(reviewCard({"", "", "<script>&amp;</script>", 1}).find("&lt;script&gt;&amp;amp;&lt;/script&gt;") !=
           std::string::npos);

    const std::string card = reviewCard({"x\" onmouseover=\"alert(1)", "y\" autofocus onfocus=\"z", "ok", 1});
    const std::string tag = card.substr(0, card.find('>'));
    std::size_t quotes = 0;
    for (char c : tag) {
        quotes += c == '"' ? 1 : 0;
    }
    assert(quotes == 6);
    return 0;
}
