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
    for (std::size_t i = 0; i < holds.size(); ++i) {
        if (hasExpired(holds[i], today, daysKept)) {
            members.push_back(holds[i].member);
            holds.erase(holds.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
    return members;
}
