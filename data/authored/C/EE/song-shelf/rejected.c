#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct song {
    char title[64];
    int id;
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

static int compare_songs(const void *left, const void *right)
{
    const struct song *a = left, *b = right;
    char key_a[sizeof a->title], key_b[sizeof b->title];

    make_key(key_a, a->title);
    make_key(key_b, b->title);
    int order = strcmp(key_a, key_b);
    return order != 0 ? order : (a->id > b->id) - (a->id < b->id);
}

int shelf_sort(struct song *songs, size_t count)
{
    qsort(songs, count, sizeof *songs, compare_songs);
    return 0;
}
