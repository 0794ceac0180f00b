#include <cstdio>
#include <functional>
#include <memory>
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
    QuoteTab(PriceFeed& feed, std::string instrument) : quote_(std::make_shared<Quote>()) {
        quote_->instrument = std::move(instrument);
        // The feed shares the quote, so a price may still come in when the tab is gone.
        feed.subscribe(quote_->instrument, [quote = quote_](double price) { quote->price = price; });
    }

    QuoteTab(const QuoteTab&) = delete;
    QuoteTab& operator=(const QuoteTab&) = delete;

    std::string text() const {
        if (!quote_->price) {
            return quote_->instrument + " -";
        }
        char amount[32];
        std::snprintf(amount, sizeof amount, " %.2f", *quote_->price);
        return quote_->instrument + amount;
    }

private:
    struct Quote {
        std::string instrument;
        std::optional<double> price;
    };

    std::shared_ptr<Quote> quote_;
};
