#include "solution.c"

#undef NDEBUG
#include <assert.h>

static const struct tariff city = {600, 1800, 150, 2000};

int main(void)
{
    assert(garage_fee(100, 99, &city) == -1);
    assert(garage_fee(0, 600, &city) == 0);
    assert(garage_fee(0, 601, &city) == 150);
    assert(garage_fee(1000, 1000 + 1799, &city) == 150);
    assert(garage_fee(0, 1801, &city) == 300);
    assert(garage_fee(0, 50000, &city) == 2000);
    assert(garage_fee(0, 86400, &city) == 2000);
    assert(garage_fee(0, 86400 + 1000, &city) == 2150);
    assert(garage_fee(0, 1800, &city) == 150);
    assert(garage_fee(0, 3600, &city) == 300);
    assert(garage_fee(0, 2 * 86400 + 5400, &city) == 4450);
    return 0;
}
