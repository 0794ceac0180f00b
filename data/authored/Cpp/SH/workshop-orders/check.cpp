#include "solution.cpp"

#undef NDEBUG
#include <cassert>

struct RecordingDatabase : Database {
    std::string sql;
    std::vector<std::string> arguments;

    std::vector<Row> query(const std::string& text, const std::vector<std::string>& values) override {
        sql = text;
        arguments = values;
        return {{"7", "Ada", "2024-01-02", "30"}};
    }
};

static bool asksFor(const OrderSearch& search, const std::string& ending) {
    RecordingDatabase db;
    const std::string wanted = "SELECT number, customer, due, price FROM orders WHERE customer LIKE ? ORDER BY ";
    return searchOrders(db, search).size() == 1 && db.sql == wanted + ending + " LIMIT 100" &&
           db.arguments == std::vector<std::string>{"%" + search.customer + "%"};
}

int main() {
    assert(asksFor({"Ada", "due", false}, "due ASC"));
    assert(asksFor({"O'Neil", "price", true}, "price DESC"));
    assert(asksFor({"", "", false}, "number ASC") && asksFor({"", "colour", true}, "number DESC"));
    assert(asksFor({"", "x; DROP TABLE orders; --", false}, "number ASC"));
    assert(asksFor({"", "number LIMIT 0 UNION SELECT name, password, 1, 1 FROM staff --", false}, "number ASC"));
    return 0;
}
