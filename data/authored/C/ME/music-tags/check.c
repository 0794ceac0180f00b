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
    char text[2000];
    struct tag *tag = tag_create("Nina Simone", "", "Sinnerman", 620);

    assert(tag->seconds == 620 && strcmp(tag->artist, "Nina Simone") == 0);
    assert(strcmp(tag->album, "") == 0 && strcmp(tag->title, "Sinnerman") == 0);
    assert(requested < 400);
    tag_free(tag);

    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    tag = tag_create("a", text, "c", 1);
    assert(strlen(tag->album) == 1023 && strcmp(tag->artist, "a") == 0 && strcmp(tag->title, "c") == 0);
    tag_free(tag);
    return 0;
}
