#include <cstddef>
#include <functional>
#include <numeric>
#include <vector>

using Team = std::vector<std::size_t>;
using Rating = std::function<double(const Team&)>;

namespace {

// Turns the team into the next one in lexicographic order; false after the last.
bool advance(Team& team, std::size_t people) {
    for (std::size_t at = team.size(); at-- > 0;) {
        const std::size_t highest = people - (team.size() - at);
        if (team[at] < highest) {
            std::iota(team.begin() + static_cast<std::ptrdiff_t>(at), team.end(), team[at] + 1);
            return true;
        }
    }
    return false;
}

}  // namespace

Team bestTeam(std::size_t people, std::size_t size, const Rating& rate) {
    if (size == 0 || size > people) {
        return {};
    }
    Team team(size);
    std::iota(team.begin(), team.end(), std::size_t{0});

    Team best = team;
    double highest = rate(team);
    while (advance(team, people)) {
        const double rating = rate(team);
        if (rating > highest) {
            highest = rating;
            best = team;
        }
    }
    return best;
}
