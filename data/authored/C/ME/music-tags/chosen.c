#include <stdlib.h>
#include <string.h>

#define MAX_TEXT 1023

/* The texts lie behind the struct in the same block. */
struct tag {
    unsigned seconds;
    const char *artist;
    const char *album;
    const char *title;
    char texts[];
};

static const char *store_text(char **end, const char *text, size_t length)
{
    char *stored = *end;

    memcpy(stored, text, length);
    stored[length] = '\0';
    *end = stored + length + 1;
    return stored;
}

struct tag *tag_create(const char *artist, const char *album, const char *title, unsigned seconds)
{
    size_t artist_length = strnlen(artist, MAX_TEXT);
    size_t album_length = strnlen(album, MAX_TEXT);
    size_t title_length = strnlen(title, MAX_TEXT);

    struct tag *tag = malloc(sizeof *tag + artist_length + album_length + title_length + 3);
    if (tag == NULL)
        return NULL;

    char *end = tag->texts;
    tag->seconds = seconds;
    tag->artist = store_text(&end, artist, artist_length);
    tag->album = store_text(&end, album, album_length);
    tag->title = store_text(&end, title, title_length);
    return tag;
}

void tag_free(struct tag *tag)
{
    free(tag);
}
