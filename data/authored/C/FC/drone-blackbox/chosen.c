#include <stddef.h>
#include <stdint.h>

#define BLACKBOX_EVENTS 64

struct event {
    uint32_t time_ms;
    uint16_t code;
};

struct blackbox {
    struct event events[BLACKBOX_EVENTS];
    size_t next; /* where the next event goes */
    size_t count;
};

void blackbox_init(struct blackbox *box)
{
    box->next = 0;
    box->count = 0;
}

void blackbox_record(struct blackbox *box, uint32_t time_ms, uint16_t code)
{
    struct event *slot = &box->events[box->next];

    slot->time_ms = time_ms;
    slot->code = code;
    box->next = (box->next + 1) % BLACKBOX_EVENTS;
    if (box->count < BLACKBOX_EVENTS)
        box->count++;
}

size_t blackbox_count(const struct blackbox *box)
{
    return box->count;
}

size_t blackbox_dump(const struct blackbox *box, struct event *events, size_t max)
{
    size_t oldest = (box->next + BLACKBOX_EVENTS - box->count) % BLACKBOX_EVENTS;
    size_t copied = box->count < max ? box->count : max;

    for (size_t i = 0; i < copied; i++)
        events[i] = box->events[(oldest + i) % BLACKBOX_EVENTS];
    return copied;
}
