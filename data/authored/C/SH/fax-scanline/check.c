#include "solution.c"

#undef NDEBUG
#include <assert.h>

int main(void)
{
    const uint8_t good[] = {0, 3, 255, 5, 0, 2, 7, 7};
    const uint8_t overlong[] = {255, 9, 0, 200};
    uint8_t out[600];

    memset(out, 0xEE, sizeof out);
    assert(decode_scanline(good, sizeof good, out, 10) == 6);
    assert(out[0] == 0 && out[2] == 0 && out[3] == 255 && out[7] == 255 && out[9] == 0 && out[10] == 0xEE);
    assert(decode_scanline(good, 4, out, 10) == -1);
    assert(decode_scanline(good, 5, out, 10) == -1);
    assert(decode_scanline(good, 0, out, 0) == 0);
    assert(decode_scanline((const uint8_t[]){9, 1}, 2, out, 1) == -1);
    assert(decode_scanline((const uint8_t[]){0, 0}, 2, out, 1) == -1);

    memset(out, 0xEE, sizeof out);
    assert(decode_scanline(overlong, sizeof overlong, out, 10) == -1);
    for (size_t i = 10; i < sizeof out; i++)
        assert(out[i] == 0xEE);
    return 0;
}
