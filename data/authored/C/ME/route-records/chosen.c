#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#define STOPS_MAX 64
#define STOP_NUMBER_MAX 9999

struct route {
    char *name;
    int *stops;
    size_t stop_count;
};

void route_free(struct route *r)
{
    if (r == NULL)
        return;
    free(r->name);
    free(r->stops);
    free(r);
}

struct route *route_parse(const char *line)
{
    const char *at = strchr(line, ' ');
    struct route *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->name = strdup(line);
    r->stops = calloc(STOPS_MAX, sizeof *r->stops);
    if (r->name == NULL || r->stops == NULL || at == NULL || at == line)
        goto malformed;
    r->name[at - line] = '\0';

    do {
        char *end;
        long number = strtol(at + 1, &end, 10);
        if (end == at + 1 || number < 1 || number > STOP_NUMBER_MAX || r->stop_count == STOPS_MAX)
            goto malformed;
        r->stops[r->stop_count++] = (int)number;
        at = end;
    } while (*at == ',');
    if (*at == '\0')
        return r;

malformed:
    route_free(r);
    return NULL;
}
