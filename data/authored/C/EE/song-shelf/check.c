#include <ctype.h>
#include <string.h>

static size_t lowered;

static int counted_tolower(int c)
{
    lowered++;
    return tolower(c);
}

#undef tolower
#define tolower counted_tolower

#include "solution.c"

#undef NDEBUG
#include <assert.h>
#include <stdio.h>

#define SONGS 4096

int main(void)
{
    static struct song songs[SONGS];
    struct song few[] = {{"Zebra", 1}, {"The Anchor", 2}, {"b-side", 9}, {"A B. Side", 3}, {"an Apple", 5}, {"Theory", 6}};
    const int order[] = {2, 5, 3, 9, 6, 1};
    size_t letters = 0;

    assert(shelf_sort(few, 0) == 0 && shelf_sort(few, 6) == 0);
    for (size_t i = 0; i < 6; i++)
        assert(few[i].id == order[i]);

    for (int i = 0; i < SONGS; i++) {
        snprintf(songs[i].title, sizeof songs[i].title, "Song %ld", i * 2654435L % 100003);
        songs[i].id = i;
        letters += strlen(songs[i].title);
    }
    lowered = 0;
    assert(shelf_sort(songs, SONGS) == 0);
    assert(lowered <= 2 * letters);
    return 0;
}
