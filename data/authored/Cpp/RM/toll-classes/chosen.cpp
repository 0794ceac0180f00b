struct Vehicle {
    int axles = 2;
    double heightMetres = 0;
    bool electric = false;
};

namespace {

constexpr int kLorryAxles = 3;
constexpr double kVanHeightMetres = 2.1;

constexpr int kCarCents = 320;
constexpr int kVanCents = 540;
constexpr int kLorryCents = 900;
constexpr int kExtraAxleCents = 150;

int fullTollCents(const Vehicle& vehicle) {
    if (vehicle.axles >= kLorryAxles) {
        return kLorryCents + (vehicle.axles - kLorryAxles) * kExtraAxleCents;
    } else if (vehicle.heightMetres >= kVanHeightMetres) {
        return kVanCents;
    } else {
        // Motorcycles count as cars.
        return kCarCents;
    }
}

}  // namespace

int tollCents(const Vehicle& vehicle) {
    const int toll = fullTollCents(vehicle);
    return vehicle.electric ? toll / 2 : toll;
}
