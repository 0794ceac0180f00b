#include "solution.cpp"

#include <map>

#undef NDEBUG
#include <cassert>

struct TestFeed : PriceFeed {
    std::map<int, std::pair<std::string, std::function<void(double)>>> open;
    int next = 1;

    int subscribe(const std::string& instrument, std::function<void(double)> onPrice) override {
        open[next] = {instrument, std::move(onPrice)};
        return next++;
    }

    void unsubscribe(int subscription) override { assert(open.erase(subscription) == 1); }

    void publish(const std::string& instrument, double price) {
        for (auto& entry : open) {
            if (entry.second.first == instrument) {
                entry.second.second(price);
            }
        }
    }
};

int main() {
    TestFeed feed;
    {
        QuoteTab basf(feed, "BASF");
        QuoteTab sap(feed, "SAP");
        assert(basf.text() == "BASF -");
        feed.publish("BASF", 48.154);
        assert(basf.text() == "BASF 48.15" && sap.text() == "SAP -");
    }
    feed.publish("BASF", 49);
    assert(feed.open.empty());
    return 0;
}
