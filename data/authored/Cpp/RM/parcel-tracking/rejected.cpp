#include <algorithm>
#include <cstddef>
#include <string>

class Parcel {
public:
    bool apply(const std::string& event) {
        const std::string before = history_;
        if (event == "scan" && (state() == "announced" || state() == "returned")) {
            history_ += ";in depot";
        } else if (event == "load" && state() == "in depot") {
            history_ += ";on van";
        } else if (event == "deliver" && state() == "on van") {
            history_ += ";delivered";
        } else if (event == "fail" && state() == "on van") {
            history_ += ";!";
            history_ += failures() == 3 ? ";returned" : ";in depot";
        } else if (event == "cancel" && (state() == "announced" || state() == "in depot")) {
            history_ += ";cancelled";
        }
        return history_ != before;
    }

    // The state is what was noted last.
    std::string state() const {
        return history_.substr(history_.rfind(';') + 1);
    }

private:
    // Failed deliveries are noted with an exclamation mark.
    std::ptrdiff_t failures() const {
        return std::count(history_.begin(), history_.end(), '!');
    }

    std::string history_ = ";announced";
};
