#define SECONDS_PER_DAY 86400L

struct tariff {
    long free_seconds;
    long unit_seconds;
    long unit_price;
    long day_maximum;
};

/* Price of a stay within one day, before the daily maximum. */
static long units_price(long seconds, const struct tariff *tariff)
{
    long units = (seconds + tariff->unit_seconds - 1) / tariff->unit_seconds;

    return units * tariff->unit_price;
}

static long capped(long amount, long maximum)
{
    if (amount > maximum)
        return maximum;
    return amount;
}

long garage_fee(long entered, long left, const struct tariff *tariff)
{
    if (left < entered)
        return -1;

    long stay = left - entered;
    if (stay <= tariff->free_seconds)
        return 0;

    long whole_days = stay / SECONDS_PER_DAY;
    long remainder = stay % SECONDS_PER_DAY;
    long full_day = capped(units_price(SECONDS_PER_DAY, tariff), tariff->day_maximum);
    long last_day = capped(units_price(remainder, tariff), tariff->day_maximum);

    return whole_days * full_day + last_day;
}
