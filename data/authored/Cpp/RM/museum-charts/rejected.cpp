#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

struct Bar {
    std::string label;
    int value = 0;
};

namespace {

std::string drawBars(std::vector<Bar> bars, bool largestFirst, bool showValues, bool showEmpty,
                     bool hashMarks) {
    if (largestFirst) {
        std::stable_sort(bars.begin(), bars.end(),
                         [](const Bar& left, const Bar& right) { return left.value > right.value; });
    }
    std::size_t width = 0;
    for (const Bar& bar : bars) {
        if (showEmpty || bar.value != 0) {
            width = std::max(width, bar.label.size());
        }
    }
    std::string chart;
    for (const Bar& bar : bars) {
        if (showEmpty || bar.value != 0) {
            chart += bar.label + std::string(width - bar.label.size() + 1, ' ');
            chart += std::string(static_cast<std::size_t>(bar.value), hashMarks ? '#' : '=');
            if (showValues) {
                chart += " " + std::to_string(bar.value);
            }
            chart += "\n";
        }
    }
    return chart;
}

}  // namespace

std::string visitorChart(const std::vector<Bar>& bars) {
    return drawBars(bars, false, true, true, true);
}

std::string ticketChart(const std::vector<Bar>& bars) {
    return drawBars(bars, true, false, true, false);
}

std::string shopChart(const std::vector<Bar>& bars) {
    return drawBars(bars, false, false, false, true);
}
