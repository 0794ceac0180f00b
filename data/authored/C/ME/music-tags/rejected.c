#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 1024

/* One block per tag: nothing to piece together and nothing to release apart. */
struct tag {
    unsigned seconds;
    char artist[TEXT_SIZE];
    char album[TEXT_SIZE];
    char title[TEXT_SIZE];
};

static void store_text(char *field, const char *text)
{
    size_t length = strnlen(text, TEXT_SIZE - 1);

    memcpy(field, text, length);
    field[length] = '\0';
}

struct tag *tag_create(const char *artist, const char *album, const char *title, unsigned seconds)
{
    struct tag *tag = malloc(sizeof *tag);

    if (tag == NULL)
        return NULL;
    tag->seconds = seconds;
    store_text(tag->artist, artist);
    store_text(tag->album, album);
    store_text(tag->title, title);
    return tag;
}

void tag_free(struct tag *tag)
{
    free(tag);
}
