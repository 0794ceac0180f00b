#include <stdlib.h>
#include <string.h>

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
    unsigned low = a < b ? a : b;

    return low < c ? low : c;
}

long text_distance(const char *left, const char *right)
{
    size_t columns = strlen(right) + 1;
    unsigned *cost = malloc(columns * sizeof *cost);

    if (cost == NULL)
        return -1;
    for (size_t k = 0; k < columns; k++)
        cost[k] = (unsigned)k;

    for (size_t i = 0; left[i] != '\0'; i++) {
        unsigned diagonal = cost[0];

        cost[0] = (unsigned)i + 1;
        for (size_t k = 1; k < columns; k++) {
            unsigned above = cost[k];
            unsigned replaced = diagonal + (left[i] != right[k - 1]);

            cost[k] = smallest(cost[k - 1] + 1, above + 1, replaced);
            diagonal = above;
        }
    }

    unsigned distance = cost[columns - 1];
    free(cost);
    return (long)distance;
}
