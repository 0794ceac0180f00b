#include <stddef.h>

enum base_kind { BASE_UNKNOWN, BASE_AT, BASE_GC, BASE_KINDS };

static const unsigned char kind_of[256] = {
    ['A'] = BASE_AT, ['a'] = BASE_AT, ['T'] = BASE_AT, ['t'] = BASE_AT,
    ['C'] = BASE_GC, ['c'] = BASE_GC, ['G'] = BASE_GC, ['g'] = BASE_GC,
};

static enum base_kind base_at(const char *bases, size_t i)
{
    return kind_of[(unsigned char)bases[i]];
}

static float gc_share(const size_t *counts)
{
    size_t known = counts[BASE_GC] + counts[BASE_AT];

    return known == 0 ? -1.0f : (float)((double)counts[BASE_GC] / (double)known);
}

size_t gc_windows(const char *bases, size_t length, size_t window, float *out)
{
    size_t counts[BASE_KINDS] = {0};
    size_t windows = 0;

    if (window == 0)
        return 0;
    for (size_t i = 0; i < length; i++) {
        counts[base_at(bases, i)]++;
        if (i >= window)
            counts[base_at(bases, i - window)]--;
        if (i + 1 >= window)
            out[windows++] = gc_share(counts);
    }
    return windows;
}
