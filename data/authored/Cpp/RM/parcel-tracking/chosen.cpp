#include <string>

class Parcel {
public:
    bool apply(const std::string& event) {
        for (const Transition& transition : kTransitions) {
            if (transition.from == state_ && transition.event == event) {
                state_ = transition.to;
                if (event == "fail" && ++failures_ == kMaxFailures) {
                    state_ = State::Returned;
                }
                return true;
            }
        }
        return false;
    }

    std::string state() const {
        switch (state_) {
            case State::Announced: return "announced";
            case State::InDepot: return "in depot";
            case State::OnVan: return "on van";
            case State::Delivered: return "delivered";
            case State::Returned: return "returned";
            case State::Cancelled: return "cancelled";
        }
        return "";
    }

private:
    enum class State { Announced, InDepot, OnVan, Delivered, Returned, Cancelled };

    struct Transition {
        State from;
        const char* event;
        State to;
    };

    static constexpr int kMaxFailures = 3;
    // What is not listed is not possible.
    static constexpr Transition kTransitions[] = {
        {State::Announced, "scan", State::InDepot},
        {State::Returned, "scan", State::InDepot},
        {State::InDepot, "load", State::OnVan},
        {State::OnVan, "deliver", State::Delivered},
        {State::OnVan, "fail", State::InDepot},
        {State::Announced, "cancel", State::Cancelled},
        {State::InDepot, "cancel", State::Cancelled},
    };

    State state_ = State::Announced;
    int failures_ = 0;
};
