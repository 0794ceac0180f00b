#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

struct name_list {
    char **names;
    size_t count;
    size_t capacity;
};

/* Makes room for one more name. */
static int reserve_one(struct name_list *list)
{
    if (list->count < list->capacity)
        return 0;

    size_t capacity = list->capacity + list->capacity / 2 + 64;
    char **names = realloc(list->names, capacity * sizeof *names);
    if (names == NULL)
        return -1;
    list->names = names;
    list->capacity = capacity;
    return 0;
}

char **read_names(FILE *in, size_t *count)
{
    struct name_list list = {NULL, 0, 0};
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    int failed = reserve_one(&list);

    while (!failed && (length = getline(&line, &size, in)) > 0) {
        if (line[length - 1] == '\n')
            line[--length] = '\0';
        if (length == 0)
            continue;
        failed = reserve_one(&list) != 0 || (list.names[list.count] = strdup(line)) == NULL;
        if (!failed)
            list.count++;
    }
    free(line);
    if (failed) {
        while (list.count > 0)
            free(list.names[--list.count]);
        free(list.names);
        return NULL;
    }
    *count = list.count;
    return list.names;
}
