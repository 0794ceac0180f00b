#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct sink {
    int (*write)(void *ctx, const void *data, size_t size);
    void *ctx;
};

struct note_event {
    uint32_t delta;
    uint8_t status, key, velocity;
};

#define LONGEST_EVENT 7

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

int write_track(struct sink *sink, const struct note_event *events, size_t count)
{
    static const uint8_t end[] = {0x00, 0xFF, 0x2F, 0x00};
    uint8_t block[4096], scratch[4];
    uint32_t length = sizeof end;

    for (size_t i = 0; i < count; i++)
        length += (uint32_t)put_delta(scratch, events[i].delta) + 3;

    uint8_t header[] = {'M', 'T', 'r', 'k', length >> 24, length >> 16, length >> 8, length};
    size_t used = sizeof header;
    memcpy(block, header, sizeof header);
    for (size_t i = 0; i < count; i++) {
        if (used + LONGEST_EVENT + sizeof end > sizeof block) {
            if (sink->write(sink->ctx, block, used) != 0)
                return -1;
            used = 0;
        }
        used += put_delta(block + used, events[i].delta);
        block[used++] = events[i].status;
        block[used++] = events[i].key;
        block[used++] = events[i].velocity;
    }
    memcpy(block + used, end, sizeof end);
    return sink->write(sink->ctx, block, used + sizeof end) == 0 ? 0 : -1;
}
