struct Vehicle {
    int axles = 2;
    double heightMetres = 0;
    bool electric = false;
};

namespace {

enum class VehicleClass { Car, Van, Lorry };

constexpr int kLorryAxles = 3;
constexpr double kVanHeightMetres = 2.1;

constexpr int kCarCents = 320;
constexpr int kVanCents = 540;
constexpr int kLorryCents = 900;
constexpr int kExtraAxleCents = 150;

// Motorcycles count as cars.
VehicleClass classify(const Vehicle& vehicle) {
    if (vehicle.axles >= kLorryAxles) {
        return VehicleClass::Lorry;
    }
    return vehicle.heightMetres >= kVanHeightMetres ? VehicleClass::Van : VehicleClass::Car;
}

int fullTollCents(const Vehicle& vehicle) {
    switch (classify(vehicle)) {
        case VehicleClass::Car: return kCarCents;
        case VehicleClass::Van: return kVanCents;
        case VehicleClass::Lorry: return kLorryCents + (vehicle.axles - kLorryAxles) * kExtraAxleCents;
    }
    return 0;
}

}  // namespace

int tollCents(const Vehicle& vehicle) {
    const int toll = fullTollCents(vehicle);
    return vehicle.electric ? toll / 2 : toll;
}
