#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct song {
    char title[64];
    int id;
};

struct shelf_place {
    char key[64];
    struct song song;
};

static const char *skip_article(const char *title)
{
    static const char *const articles[] = {"the ", "a ", "an "};

    for (size_t i = 0; i < sizeof articles / sizeof *articles; i++)
        if (strncasecmp(title, articles[i], strlen(articles[i])) == 0)
            return title + strlen(articles[i]);
    return title;
}

/* The part of a title that decides its place. */
static void make_key(char *key, const char *title)
{
    for (title = skip_article(title); *title != '\0'; title++)
        if (isalnum((unsigned char)*title))
            *key++ = (char)tolower((unsigned char)*title);
    *key = '\0';
}

static int compare_places(const void *left, const void *right)
{
    const struct shelf_place *a = left, *b = right;
    int order = strcmp(a->key, b->key);

    return order != 0 ? order : (a->song.id > b->song.id) - (a->song.id < b->song.id);
}

int shelf_sort(struct song *songs, size_t count)
{
    struct shelf_place *places = calloc(count + 1, sizeof *places);

    if (places == NULL)
        return -1;
    for (size_t i = 0; i < count; i++) {
        places[i].song = songs[i];
        make_key(places[i].key, songs[i].title);
    }
    qsort(places, count, sizeof *places, compare_places);
    for (size_t i = 0; i < count; i++)
        songs[i] = places[i].song;
    free(places);
    return 0;
}
