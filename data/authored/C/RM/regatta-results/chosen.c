#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct boat {
    const char *name;
    double handicap;
    long seconds;
};

static bool finished(const struct boat *boat)
{
    return boat->seconds > 0;
}

static long corrected_seconds(const struct boat *boat)
{
    return (long)((double)boat->seconds * 100 / boat->handicap);
}

/* Finishers by corrected time, then the others; by name where that leaves a choice. */
static int compare_boats(const void *left, const void *right)
{
    const struct boat *a = left, *b = right;

    if (finished(a) != finished(b))
        return finished(a) ? -1 : 1;
    if (finished(a) && corrected_seconds(a) != corrected_seconds(b))
        return corrected_seconds(a) < corrected_seconds(b) ? -1 : 1;
    return strcmp(a->name, b->name);
}

void print_results(FILE *out, struct boat *boats, size_t count)
{
    size_t place = 1;

    qsort(boats, count, sizeof *boats, compare_boats);
    for (size_t i = 0; i < count; i++) {
        const struct boat *boat = &boats[i];
        long time = corrected_seconds(boat);

        if (i > 0 && time != corrected_seconds(&boats[i - 1]))
            place = i + 1;
        if (finished(boat))
            fprintf(out, "%zu %s %ld +%ld\n", place, boat->name, time, time - corrected_seconds(&boats[0]));
        else
            fprintf(out, "- %s\n", boat->name);
    }
}
