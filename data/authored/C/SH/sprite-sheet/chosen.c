#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_PER_PIXEL 4u

struct sheet {
    uint32_t width;
    uint32_t height;
    uint8_t *pixels;
};

static uint32_t little_endian(const uint8_t *b)
{
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

void sheet_free(struct sheet *s)
{
    if (s != NULL)
        free(s->pixels);
    free(s);
}

struct sheet *sheet_load(FILE *in)
{
    uint8_t header[12];

    if (fread(header, 1, sizeof header, in) != sizeof header || memcmp(header, "SPRT", 4) != 0)
        return NULL;

    uint32_t width = little_endian(header + 4);
    uint32_t height = little_endian(header + 8);
    if (width == 0 || height == 0 || width > SIZE_MAX / BYTES_PER_PIXEL / height)
        return NULL;

    struct sheet *s = malloc(sizeof *s);
    if (s == NULL)
        return NULL;
    s->width = width;
    s->height = height;
    s->pixels = malloc((size_t)width * height * BYTES_PER_PIXEL);
    for (uint32_t y = 0; y < height; y++) {
        if (s->pixels == NULL
            || fread(s->pixels + (size_t)y * width * BYTES_PER_PIXEL, BYTES_PER_PIXEL, width, in) != width) {
            sheet_free(s);
            return NULL;
        }
    }
    return s;
}
