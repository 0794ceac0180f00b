#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct boat {
    const char *name;
    double handicap;
    long seconds;
};

/* State of the list that is being printed. */
static FILE *output;
static const struct boat *boat;
static long time, winner_time, last_time;
static size_t place, printed;

static void update_time(void)
{
    last_time = time;
    time = boat->seconds > 0 ? (long)((double)boat->seconds * 100 / boat->handicap) : -1;
}

static int compare_boats(const void *left, const void *right)
{
    boat = left;
    update_time();
    boat = right;
    update_time();
    if ((last_time < 0) != (time < 0))
        return time < 0 ? -1 : 1;
    if (last_time != time)
        return last_time < time ? -1 : 1;
    return strcmp(((const struct boat *)left)->name, boat->name);
}

static void print_boat(void)
{
    update_time();
    if (printed++ == 0)
        winner_time = time;
    if (printed == 1 || time != last_time)
        place = printed;
    if (time >= 0)
        fprintf(output, "%zu %s %ld +%ld\n", place, boat->name, time, time - winner_time);
    else
        fprintf(output, "- %s\n", boat->name);
}

void print_results(FILE *out, struct boat *boats, size_t count)
{
    output = out;
    printed = 0;
    qsort(boats, count, sizeof *boats, compare_boats);
    for (boat = boats; boat < boats + count; boat++)
        print_boat();
}
