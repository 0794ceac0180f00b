#include <stddef.h>
#include <stdint.h>

#define BLACKBOX_EVENTS 64

struct event {
    uint32_t time_ms;
    uint16_t code;
};

struct blackbox {
    struct event events[BLACKBOX_EVENTS];
    size_t head; /* where the next event goes */
    size_t tail; /* the oldest event that is kept */
};

static size_t after(size_t index)
{
    return (index + 1) % BLACKBOX_EVENTS;
}

void blackbox_init(struct blackbox *box)
{
    box->head = 0;
    box->tail = 0;
}

void blackbox_record(struct blackbox *box, uint32_t time_ms, uint16_t code)
{
    struct event *slot = &box->events[box->head];

    slot->time_ms = time_ms;
    slot->code = code;
    box->head = after(box->head);
    if (box->head == box->tail)
        box->tail = after(box->tail);
}

size_t blackbox_count(const struct blackbox *box)
{
    return (box->head + BLACKBOX_EVENTS - box->tail) % BLACKBOX_EVENTS;
}

size_t blackbox_dump(const struct blackbox *box, struct event *events, size_t max)
{
    size_t copied = 0;

    for (size_t at = box->tail; at != box->head && copied < max; at = after(at))
        events[copied++] = box->events[at];
    return copied;
}
