#include <algorithm>
#include <cstddef>
#include <optional>
#include <unordered_map>

struct Cell {
    int column = 0;
    int row = 0;

    bool operator==(const Cell& other) const { return column == other.column && row == other.row; }
};

constexpr std::size_t kRows = 20'000;

// Both coordinates take part.
struct CellHash {
    std::size_t operator()(const Cell& cell) const {
        return static_cast<std::size_t>(cell.column) * kRows + static_cast<std::size_t>(cell.row);
    }
};

class DepthChart {
public:
    void add(double eastMetres, double northMetres, double depthMetres) {
        const Cell cell{static_cast<int>(eastMetres), static_cast<int>(northMetres)};
        const auto [entry, isNew] = shallowest_.try_emplace(cell, depthMetres);
        if (!isNew) {
            entry->second = std::min(entry->second, depthMetres);
        }
    }

    std::size_t cells() const { return shallowest_.size(); }

    std::optional<double> shallowest(int column, int row) const {
        const auto entry = shallowest_.find({column, row});
        return entry == shallowest_.end() ? std::nullopt : std::optional<double>(entry->second);
    }

private:
    std::unordered_map<Cell, double, CellHash> shallowest_;
};
