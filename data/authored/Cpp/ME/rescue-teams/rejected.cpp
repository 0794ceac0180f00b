#include <cstddef>
#include <functional>
#include <vector>

using Team = std::vector<std::size_t>;
using Rating = std::function<double(const Team&)>;

namespace {

// Appends all teams that begin with the given members, in lexicographic order.
void appendTeams(std::vector<Team>& teams, Team& members, std::size_t next, std::size_t people,
                 std::size_t size) {
    if (members.size() == size) {
        teams.push_back(members);
        return;
    }
    for (std::size_t person = next; person < people; ++person) {
        members.push_back(person);
        appendTeams(teams, members, person + 1, people, size);
        members.pop_back();
    }
}

}  // namespace

Team bestTeam(std::size_t people, std::size_t size, const Rating& rate) {
    if (size == 0 || size > people) {
        return {};
    }
    std::vector<Team> teams;
    Team members;
    appendTeams(teams, members, 0, people, size);

    Team best = teams.front();
    double highest = rate(best);
    for (std::size_t i = 1; i < teams.size(); ++i) {
        const double rating = rate(teams[i]);
        if (rating > highest) {
            highest = rating;
            best = teams[i];
        }
    }
    return best;
}
