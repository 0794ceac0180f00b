#include "solution.cpp"

#include <cstdio>
#include <set>

static int failures = 0;

static void expect(bool condition, const char* what) {
    if (!condition) {
        std::fprintf(stderr, "%s\n", what);
        ++failures;
    }
}

int main() {
    DepthChart chart;
    chart.add(0.0, 0.0, 4.5);
    chart.add(0.99, 0.2, 4.25);
    chart.add(0.5, 0.5, 6.0);
    chart.add(19999.9, 3.0, 11.0);
    chart.add(3.0, 19999.9, 12.0);
    expect(chart.cells() == 3, "three cells have soundings");
    expect(chart.shallowest(0, 0) == 4.25, "the least depth of the first cell");
    expect(chart.shallowest(19999, 3) == 11.0, "the least depth of a far cell");
    expect(chart.shallowest(3, 19999) == 12.0, "columns and rows are not mixed up");
    expect(!chart.shallowest(1, 0), "a cell without soundings has no depth");

    // A block of 300 by 300 cells: nearly as many hash values as cells, so that lookups stay short.
    std::set<std::size_t> hashes;
    for (int column = 7000; column < 7300; ++column) {
        for (int row = 5000; row < 5300; ++row) {
            hashes.insert(CellHash{}({column, row}));
        }
    }
    expect(hashes.size() > 80000, "too many cells share a hash value");
    return failures == 0 ? 0 : 1;
}
