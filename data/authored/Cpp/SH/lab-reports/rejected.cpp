#include <optional>
#include <stdexcept>
#include <string>

enum class Role { Patient, Doctor };

struct User {
    int id = 0;
    Role role = Role::Patient;
};

struct ReportRequest {
    int patientId = 0;
    int reportId = 0;
};

struct Report {
    int patientId = 0;
    std::string text;
};

struct ReportStore {
    virtual ~ReportStore() = default;
    virtual std::optional<Report> find(int reportId) = 0;
    virtual bool treats(int doctorId, int patientId) = 0;
};

struct NotFound : std::runtime_error {
    NotFound() : std::runtime_error("no such report") {}
};

static bool mayReadReportsOf(const User& user, int patientId, ReportStore& store) {
    return user.role == Role::Doctor ? store.treats(user.id, patientId) : user.id == patientId;
}

std::string openReport(const User& user, const ReportRequest& request, ReportStore& store) {
    // Whoever may not look gets nothing from the store.
    if (!mayReadReportsOf(user, request.patientId, store)) {
        throw NotFound();
    }
    const std::optional<Report> report = store.find(request.reportId);
    if (!report) {
        throw NotFound();
    }
    return report->text;
}
