#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

struct Bar {
    std::string label;
    int value = 0;
};

namespace {

enum class Values { Hidden, Shown };

std::vector<Bar> largestFirst(std::vector<Bar> bars) {
    std::stable_sort(bars.begin(), bars.end(),
                     [](const Bar& left, const Bar& right) { return left.value > right.value; });
    return bars;
}

std::vector<Bar> withoutEmpty(std::vector<Bar> bars) {
    const auto isEmpty = [](const Bar& bar) { return bar.value == 0; };
    bars.erase(std::remove_if(bars.begin(), bars.end(), isEmpty), bars.end());
    return bars;
}

std::string drawBars(const std::vector<Bar>& bars, char mark, Values values) {
    std::size_t width = 0;
    for (const Bar& bar : bars) {
        width = std::max(width, bar.label.size());
    }
    std::string chart;
    for (const Bar& bar : bars) {
        chart += bar.label + std::string(width - bar.label.size() + 1, ' ');
        chart += std::string(static_cast<std::size_t>(bar.value), mark);
        if (values == Values::Shown) {
            chart += " " + std::to_string(bar.value);
        }
        chart += "\n";
    }
    return chart;
}

}  // namespace

std::string visitorChart(const std::vector<Bar>& bars) {
    return drawBars(bars, '#', Values::Shown);
}

std::string ticketChart(const std::vector<Bar>& bars) {
    return drawBars(largestFirst(bars), '=', Values::Hidden);
}

std::string shopChart(const std::vector<Bar>& bars) {
    return drawBars(withoutEmpty(bars), '#', Values::Hidden);
}
