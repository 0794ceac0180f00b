#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RUN_BYTES 2

enum { WHITE = 0, BLACK = 255 };

static int is_colour(uint8_t value)
{
    return value == WHITE || value == BLACK;
}

long decode_scanline(const uint8_t *in, size_t in_size, uint8_t *out, size_t width)
{
    size_t used = 0;
    size_t pixels = 0;

    while (pixels < width) {
        if (in_size - used < RUN_BYTES)
            return -1;

        uint8_t colour = in[used];
        uint8_t length = in[used + 1];
        if (!is_colour(colour) || length == 0)
            return -1;

        memset(out + pixels, colour, length);
        pixels += length;
        used += RUN_BYTES;
    }
    return pixels == width ? (long)used : -1;
}
