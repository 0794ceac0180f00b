#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <unordered_map>

struct Cell {
    int column = 0;
    int row = 0;

    bool operator==(const Cell& other) const { return column == other.column && row == other.row; }
};

// Both coordinates take part.
struct CellHash {
    std::size_t operator()(const Cell& cell) const {
        const std::hash<int> hash;
        const std::size_t columnHash = hash(cell.column);
        const std::size_t rowHash = hash(cell.row);
        return columnHash ^ rowHash;
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
