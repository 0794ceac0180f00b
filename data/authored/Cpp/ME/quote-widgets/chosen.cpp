#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <utility>

class PriceFeed {
public:
    virtual ~PriceFeed() = default;
    virtual int subscribe(const std::string& instrument, std::function<void(double)> onPrice) = 0;
    virtual void unsubscribe(int subscription) = 0;
};

class QuoteTab {
public:
    QuoteTab(PriceFeed& feed, std::string instrument)
        : feed_(feed),
          instrument_(std::move(instrument)),
          subscription_(feed_.subscribe(instrument_, [this](double price) { price_ = price; })) {}

    // The feed outlives the tab.
    ~QuoteTab() { feed_.unsubscribe(subscription_); }

    QuoteTab(const QuoteTab&) = delete;
    QuoteTab& operator=(const QuoteTab&) = delete;

    std::string text() const {
        if (!price_) {
            return instrument_ + " -";
        }
        char amount[32];
        std::snprintf(amount, sizeof amount, " %.2f", *price_);
        return instrument_ + amount;
    }

private:
    PriceFeed& feed_;
    std::string instrument_;
    std::optional<double> price_;
    int subscription_;
};
