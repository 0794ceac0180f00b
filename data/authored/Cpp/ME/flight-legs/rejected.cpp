#include <algorithm>
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
        legs_.push_back(leg);
    }

    std::size_t size() const { return legs_.size(); }

    // A copy, so that callers may keep it while legs are added.
    Leg at(std::size_t index) const { return legs_.at(index); }

private:
    static constexpr std::int64_t kYear3000 = 541'728'000;

    static bool isCode(const std::string& text, std::size_t length, int (*allowed)(int)) {
        return text.size() == length && std::all_of(text.begin(), text.end(), [allowed](unsigned char c) {
            return c < 0x80 && allowed(c) != 0;
        });
    }

    std::vector<Leg> legs_;
};
