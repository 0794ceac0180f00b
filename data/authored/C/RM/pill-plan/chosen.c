#include <stdbool.h>

#define DAYS_PER_WEEK 7

enum plan_kind { DAILY, INTERVAL, WEEKDAYS, CYCLE };

struct prescription {
    enum plan_kind kind;
    int first_day;
    int last_day;
    int interval;
    unsigned weekdays;
    int days_on;
    int days_off;
};

bool dose_due(const struct prescription *p, int day)
{
    if (day < p->first_day || day > p->last_day)
        return false;

    int elapsed = day - p->first_day;
    switch (p->kind) {
    case DAILY:
        return true;
    case INTERVAL:
        return elapsed % p->interval == 0;
    case WEEKDAYS:
        return (p->weekdays >> (day % DAYS_PER_WEEK)) & 1u;
    case CYCLE:
        return elapsed % (p->days_on + p->days_off) < p->days_on;
    }
    return false;
}

int next_dose(const struct prescription *p, int day)
{
    int candidate = day > p->first_day ? day : p->first_day;

    for (; candidate <= p->last_day; candidate++)
        if (dose_due(p, candidate))
            return candidate;
    return -1;
}
