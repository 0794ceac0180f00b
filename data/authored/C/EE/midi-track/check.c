#include "solution.c"

#undef NDEBUG
#include <assert.h>
#include <string.h>

static uint8_t file[200000];
static size_t size, calls;

static int record(void *ctx, const void *data, size_t length)
{
    (void)ctx;
    calls++;
    memcpy(file + size, data, length);
    size += length;
    return 0;
}

int main(void)
{
    struct sink sink = {record, NULL};
    static struct note_event events[20000];
    const struct note_event two[] = {{0, 0x90, 60, 64}, {0x3FFF, 0x80, 60, 0}};
    const uint8_t wanted[] = {'M', 'T', 'r', 'k', 0, 0, 0, 13, 0,    0x90, 60,
                              64,  0xFF, 0x7F, 0x80, 60, 0, 0, 0xFF, 0x2F, 0};

    assert(write_track(&sink, two, 2) == 0);
    assert(size == sizeof wanted && memcmp(file, wanted, size) == 0);

    for (size_t i = 0; i < 20000; i++)
        events[i] = (struct note_event){(uint32_t)i * 9, 0x90, 60, 1};
    size = calls = 0;
    assert(write_track(&sink, events, 20000) == 0);
    assert((uint32_t)(file[4] << 24 | file[5] << 16 | file[6] << 8 | file[7]) == size - 8);
    assert(calls < 1000);
    return 0;
}
