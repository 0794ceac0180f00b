#include <cstddef>
#include <vector>

struct Hold {
    int member = 0;
    bool ready = false;
    int readySince = 0;
};

namespace {

bool hasExpired(const Hold& hold, int today, int daysKept) {
    return hold.ready && today - hold.readySince > daysKept;
}

}  // namespace

std::vector<int> expireHolds(std::vector<Hold>& holds, int today, int daysKept) {
    std::vector<int> members;
    std::size_t kept = 0;
    for (const Hold& hold : holds) {
        if (hasExpired(hold, today, daysKept)) {
            members.push_back(hold.member);
        } else {
            holds[kept++] = hold;
        }
    }
    holds.resize(kept);
    return members;
}
