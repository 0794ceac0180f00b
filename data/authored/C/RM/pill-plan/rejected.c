#include <stdbool.h>
#include <stddef.h>

enum plan_kind { DAILY, INTERVAL, WEEKDAYS, CYCLE, PLAN_KINDS };

struct prescription {
    enum plan_kind kind;
    int first_day;
    int last_day;
    int interval;
    unsigned weekdays;
    int days_on, days_off;
};

typedef bool (*plan_rule)(const struct prescription *p, int day);

static plan_rule rules[PLAN_KINDS];

static bool every_day(const struct prescription *p, int day)
{
    return p->first_day + day <= p->last_day;
}

static bool every_interval(const struct prescription *p, int day)
{
    return day % p->interval == 0;
}

static bool every_weekday(const struct prescription *p, int day)
{
    return (p->weekdays >> ((p->first_day + day) % 7)) & 1u;
}

static bool every_cycle(const struct prescription *p, int day)
{
    return day % (p->days_on + p->days_off) < p->days_on;
}

static void register_rules(void)
{
    rules[DAILY] = every_day;
    rules[INTERVAL] = every_interval;
    rules[WEEKDAYS] = every_weekday;
    rules[CYCLE] = every_cycle;
}

bool dose_due(const struct prescription *p, int day)
{
    if (rules[p->kind] == NULL)
        register_rules();
    return day >= p->first_day && day <= p->last_day && rules[p->kind](p, day - p->first_day);
}

int next_dose(const struct prescription *p, int day)
{
    for (int next = day > p->first_day ? day : p->first_day; next <= p->last_day; next++)
        if (dose_due(p, next))
            return next;
    return -1;
}
