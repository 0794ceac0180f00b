#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

struct Crate {
    std::string variety;
    double kilograms = 0;
};

std::vector<std::string> topVarieties(const std::vector<Crate>& crates, std::size_t limit) {
    std::map<std::string, double> totals;
    for (const Crate& crate : crates) {
        totals[crate.variety] += crate.kilograms;
    }

    // The map is in alphabetical order, which a stable sort keeps among equal totals.
    std::vector<std::pair<std::string, double>> ranking(totals.begin(), totals.end());
    std::stable_sort(ranking.begin(), ranking.end(),
                     [](const auto& left, const auto& right) { return left.second > right.second; });
    ranking.resize(std::min(limit, ranking.size()));

    std::vector<std::string> names;
    for (const auto& [variety, kilograms] : ranking) {
        names.push_back(variety);
    }
    return names;
}
