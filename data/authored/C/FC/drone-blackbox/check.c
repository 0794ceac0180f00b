#include "solution.c"

#undef NDEBUG
#include <assert.h>

int main(void)
{
    struct blackbox box;
    struct event events[100];

    blackbox_init(&box);
    assert(blackbox_count(&box) == 0 && blackbox_dump(&box, events, 100) == 0);
    for (uint32_t i = 0; i < 10; i++)
        blackbox_record(&box, i, (uint16_t)(i * 2));
    assert(blackbox_count(&box) == 10 && blackbox_dump(&box, events, 4) == 4);
    assert(events[0].time_ms == 0 && events[3].code == 6);

    for (uint32_t i = 10; i < 64; i++)
        blackbox_record(&box, i, 7);
    assert(blackbox_count(&box) == 64);
    assert(blackbox_dump(&box, events, 100) == 64);
    assert(events[0].time_ms == 0 && events[63].time_ms == 63);

    blackbox_record(&box, 64, 1);
    assert(blackbox_count(&box) == 64 && blackbox_dump(&box, events, 100) == 64);
    assert(events[0].time_ms == 1 && events[63].time_ms == 64);
    return 0;
}
