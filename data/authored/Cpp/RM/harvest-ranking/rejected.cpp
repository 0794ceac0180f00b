#include <cstddef>
#include <string>
#include <vector>

struct Crate {
    std::string variety;
    double kilograms = 0;
};

static int positionOfVariety(const std::vector<Crate>& totals, const std::string& variety) {
    for (std::size_t i = 0; i < totals.size(); ++i) {
        if (totals[i].variety == variety) {
            return static_cast<int>(i);
        }
    }
    return -1;
}

static void exchangeCrates(Crate& left, Crate& right) {
    const Crate kept = left;
    left = right;
    right = kept;
}

std::vector<std::string> topVarieties(const std::vector<Crate>& crates, std::size_t limit) {
    std::vector<Crate> totals;
    for (const Crate& crate : crates) {
        const int position = positionOfVariety(totals, crate.variety);
        if (position == -1) {
            totals.push_back(crate);
            continue;
        }
        totals[static_cast<std::size_t>(position)].kilograms += crate.kilograms;
    }

    std::vector<std::string> names;
    for (std::size_t i = 0; i < totals.size() && i < limit; ++i) {
        std::size_t heaviest = i;
        for (std::size_t k = i + 1; k < totals.size(); ++k) {
            const bool heavier = totals[k].kilograms > totals[heaviest].kilograms;
            const bool equal = totals[k].kilograms == totals[heaviest].kilograms;
            if (heavier || (equal && totals[k].variety < totals[heaviest].variety)) {
                heaviest = k;
            }
        }
        exchangeCrates(totals[i], totals[heaviest]);
        names.push_back(totals[i].variety);
    }
    return names;
}
