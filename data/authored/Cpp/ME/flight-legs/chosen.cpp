#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

struct Leg {
    std::string origin;
    std::string destination;
    std::string airline;
    std::int64_t departure = 0;
    int duration = 0;
};

class LegArchive {
public:
    void add(const Leg& leg) {
        if (!isCode(leg.origin, 3, std::isalpha) || !isCode(leg.destination, 3, std::isalpha) ||
            !isCode(leg.airline, 2, std::isalnum)) {
            throw std::invalid_argument("not a code");
        }
        if (leg.departure < 0 || leg.departure >= kYear3000 || leg.duration < 0 || leg.duration >= 2000) {
            throw std::invalid_argument("time out of range");
        }
        Row row{static_cast<std::uint32_t>(leg.departure), static_cast<std::uint16_t>(leg.duration), {}};
        const std::string codes = leg.origin + leg.destination + leg.airline;
        std::copy(codes.begin(), codes.end(), row.codes.begin());
        rows_.push_back(row);
    }

    std::size_t size() const { return rows_.size(); }

    Leg at(std::size_t index) const {
        const Row& row = rows_.at(index);
        const std::string codes(row.codes.begin(), row.codes.end());
        return {codes.substr(0, 3), codes.substr(3, 3), codes.substr(6), row.departure, row.duration};
    }

private:
    static constexpr std::int64_t kYear3000 = 541'728'000;

    static bool isCode(const std::string& text, std::size_t length, int (*allowed)(int)) {
        return text.size() == length && std::all_of(text.begin(), text.end(), [allowed](unsigned char c) {
            return c < 0x80 && allowed(c) != 0;
        });
    }

    struct Row {
        std::uint32_t departure;
        std::uint16_t duration;
        std::array<char, 8> codes;  // origin, destination, airline
    };

    std::vector<Row> rows_;
};
