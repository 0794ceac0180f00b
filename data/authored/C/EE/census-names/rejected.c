#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* The array grows in steps of this many names. */
#define NAMES_PER_BLOCK 64

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

static char **add_block(char **names, size_t count)
{
    char **larger = malloc((count + NAMES_PER_BLOCK) * sizeof *larger);

    if (larger != NULL && count > 0)
        memcpy(larger, names, count * sizeof *larger);
    if (larger == NULL)
        free_names(names, count);
    else
        free(names);
    return larger;
}

char **read_names(FILE *in, size_t *count)
{
    char **names = add_block(NULL, 0);
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    *count = 0;
    while (names != NULL && (length = getline(&line, &size, in)) > 0) {
        if (line[length - 1] == '\n')
            line[--length] = '\0';
        if (length == 0)
            continue;
        if (*count > 0 && *count % NAMES_PER_BLOCK == 0 && (names = add_block(names, *count)) == NULL)
            break;
        if ((names[*count] = strdup(line)) == NULL) {
            free_names(names, *count);
            names = NULL;
            break;
        }
        ++*count;
    }
    free(line);
    return names;
}
