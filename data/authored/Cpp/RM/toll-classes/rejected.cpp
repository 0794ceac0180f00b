#include <functional>
#include <utility>
#include <vector>

struct Vehicle {
    int axles = 2;
    double heightMetres = 0;
    bool electric = false;
};

namespace {

using Condition = std::function<bool(const Vehicle&)>;
using Amount = std::function<int(const Vehicle&)>;

template <typename Value>
Condition atLeast(Value Vehicle::*property, Value minimum) {
    return [=](const Vehicle& vehicle) { return vehicle.*property >= minimum; };
}

Amount flat(int cents) {
    return [=](const Vehicle&) { return cents; };
}

Amount perUnit(Amount base, int Vehicle::*property, int from, int cents) {
    return [=](const Vehicle& vehicle) { return base(vehicle) + (vehicle.*property - from) * cents; };
}

Amount halfIf(bool Vehicle::*property, Amount base) {
    return [=](const Vehicle& vehicle) { return vehicle.*property ? base(vehicle) / 2 : base(vehicle); };
}

// The first rule whose condition holds gives the amount.
const std::vector<std::pair<Condition, Amount>> kTariff = {
    {atLeast(&Vehicle::axles, 3), halfIf(&Vehicle::electric, perUnit(flat(900), &Vehicle::axles, 3, 150))},
    {atLeast(&Vehicle::heightMetres, 2.1), halfIf(&Vehicle::electric, flat(540))},
    {atLeast(&Vehicle::axles, 0), halfIf(&Vehicle::electric, flat(320))},
};

}  // namespace

int tollCents(const Vehicle& vehicle) {
    for (const auto& [condition, amount] : kTariff) {
        if (condition(vehicle)) {
            return amount(vehicle);
        }
    }
    return 0;
}
