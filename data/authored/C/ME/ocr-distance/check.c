#include <stdlib.h>

static size_t requested;

static void *counted_malloc(size_t size)
{
    requested += size;
    return malloc(size);
}

#define malloc counted_malloc

#include "solution.c"

#undef NDEBUG
#include <assert.h>

int main(void)
{
    static char left[1001], right[1001];

    assert(text_distance("", "") == 0);
    assert(text_distance("", "abc") == 3 && text_distance("abc", "") == 3);
    assert(text_distance("kitten", "sitting") == 3);
    assert(text_distance("flaw", "lawn") == 2);
    assert(text_distance("rnodern", "modern") == 2);

    memset(left, 'a', 1000);
    memset(right, 'a', 1000);
    right[500] = 'b';
    requested = 0;
    assert(text_distance(left, right) == 1);
    assert(requested <= 100000);
    return 0;
}
