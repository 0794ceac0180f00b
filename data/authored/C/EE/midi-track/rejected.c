#include <stddef.h>
#include <stdint.h>

struct sink {
    int (*write)(void *ctx, const void *data, size_t size);
    void *ctx;
};

struct note_event {
    uint32_t delta;
    uint8_t status, key, velocity;
};

/* Stores the number at out and returns its size. */
static size_t put_delta(uint8_t *out, uint32_t delta)
{
    size_t size = 0;

    for (int shift = 21; shift > 0; shift -= 7)
        if (delta >> shift != 0)
            out[size++] = 0x80 | ((delta >> shift) & 0x7F);
    out[size++] = delta & 0x7F;
    return size;
}

static int write_event(struct sink *sink, const struct note_event *event)
{
    uint8_t bytes[7];
    size_t size = put_delta(bytes, event->delta);

    bytes[size++] = event->status;
    bytes[size++] = event->key;
    bytes[size++] = event->velocity;
    return sink->write(sink->ctx, bytes, size);
}

int write_track(struct sink *sink, const struct note_event *events, size_t count)
{
    static const uint8_t end[] = {0x00, 0xFF, 0x2F, 0x00};
    uint8_t scratch[4];
    uint32_t length = sizeof end;

    for (size_t i = 0; i < count; i++)
        length += (uint32_t)put_delta(scratch, events[i].delta) + 3;

    uint8_t header[] = {'M', 'T', 'r', 'k', length >> 24, length >> 16, length >> 8, length};
    if (sink->write(sink->ctx, header, sizeof header) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (write_event(sink, &events[i]) != 0)
            return -1;
    return sink->write(sink->ctx, end, sizeof end) == 0 ? 0 : -1;
}
