#include "solution.cpp"

#undef NDEBUG
#include <cassert>

struct TestStore : ReportStore {
    std::optional<Report> find(int reportId) override {
        if (reportId == 100 || reportId == 200) {
            return Report{reportId / 100, "report " + std::to_string(reportId)};
        }
        return std::nullopt;
    }

    bool treats(int doctorId, int patientId) override { return doctorId == 50 && patientId == 1; }
};

static std::string open(const User& user, int patientId, int reportId) {
    TestStore store;
    try {
        return openReport(user, {patientId, reportId}, store);
    } catch (const NotFound&) {
        return "not found";
    }
}

int main() {
    const User patient{1, Role::Patient}, doctor{50, Role::Doctor}, other{51, Role::Doctor};
    assert(open(patient, 1, 100) == "report 100" && open(doctor, 1, 100) == "report 100");
    assert(open(patient, 2, 200) == "not found" && open(doctor, 2, 200) == "not found");
    assert(open(other, 1, 100) == "not found" && open(patient, 1, 300) == "not found");
    assert(open(patient, 1, 200) == "not found");
    assert(open(doctor, 1, 200) == "not found");
    return 0;
}
