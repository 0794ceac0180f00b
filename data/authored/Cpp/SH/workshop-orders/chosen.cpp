#include <algorithm>
#include <array>
#include <string>
#include <vector>

using Row = std::vector<std::string>;

struct Database {
    virtual ~Database() = default;
    virtual std::vector<Row> query(const std::string& sql, const std::vector<std::string>& arguments) = 0;
};

struct OrderSearch {
    std::string customer;
    std::string sort;
    bool descending = false;
};

namespace {

constexpr std::array<const char*, 4> kColumns = {"number", "customer", "due", "price"};

std::string sortColumn(const std::string& requested) {
    const auto column = std::find(kColumns.begin(), kColumns.end(), requested);
    return column == kColumns.end() ? kColumns.front() : *column;
}

}  // namespace

std::vector<Row> searchOrders(Database& db, const OrderSearch& search) {
    std::string sql = "SELECT number, customer, due, price FROM orders WHERE customer LIKE ? ORDER BY ";
    sql += sortColumn(search.sort);
    sql += search.descending ? " DESC" : " ASC";
    sql += " LIMIT 100";
    return db.query(sql, {"%" + search.customer + "%"});
}
