#define SECONDS_PER_DAY 86400L

struct tariff {
    long free_seconds;
    long unit_seconds;
    long unit_price;
    long day_maximum;
};

/* Every started unit of the day is paid in full, up to the daily maximum. */
static long day_price(long seconds, const struct tariff *tariff)
{
    long started = seconds / tariff->unit_seconds + 1;
    long amount = started * tariff->unit_price;

    return amount > tariff->day_maximum ? tariff->day_maximum : amount;
}

long garage_fee(long entered, long left, const struct tariff *tariff)
{
    if (left < entered)
        return -1;

    long stay = left - entered;
    if (stay <= tariff->free_seconds)
        return 0;

    long fee = 0;
    while (stay > SECONDS_PER_DAY) {
        fee += day_price(SECONDS_PER_DAY, tariff);
        stay -= SECONDS_PER_DAY;
    }
    return fee + day_price(stay, tariff);
}
