#include <stdlib.h>
#include <string.h>

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
    unsigned low = a < b ? a : b;

    return low < c ? low : c;
}

long text_distance(const char *left, const char *right)
{
    size_t rows = strlen(left) + 1;
    size_t columns = strlen(right) + 1;
    unsigned *cost = malloc(rows * columns * sizeof *cost);

    if (cost == NULL)
        return -1;
    for (size_t i = 0; i < rows; i++)
        cost[i * columns] = (unsigned)i;
    for (size_t k = 0; k < columns; k++)
        cost[k] = (unsigned)k;

    for (size_t i = 1; i < rows; i++) {
        unsigned *row = cost + i * columns;
        const unsigned *above = row - columns;

        for (size_t k = 1; k < columns; k++) {
            unsigned replaced = above[k - 1] + (left[i - 1] != right[k - 1]);

            row[k] = smallest(row[k - 1] + 1, above[k] + 1, replaced);
        }
    }

    unsigned distance = cost[rows * columns - 1];
    free(cost);
    return (long)distance;
}
