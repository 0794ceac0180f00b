#include <algorithm>
#include <tuple>

struct Date {
    int year = 1970;
    int month = 1;
    int day = 1;
};

namespace {

bool isLeapYear(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int daysInMonth(int year, int month) {
    static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && isLeapYear(year) ? 29 : kDays[month - 1];
}

bool isBefore(const Date& left, const Date& right) {
    return std::tie(left.year, left.month, left.day) < std::tie(right.year, right.month, right.day);
}

// The day of the given month on which another month of life is complete.
int completionDay(const Date& birth, int year, int month) {
    return std::min(birth.day, daysInMonth(year, month));
}

}  // namespace

int completeMonths(const Date& birth, const Date& day) {
    if (isBefore(day, birth)) {
        return -1;
    }
    const int months = (day.year - birth.year) * 12 + day.month - birth.month;
    return day.day >= completionDay(birth, day.year, day.month) ? months : months - 1;
}
