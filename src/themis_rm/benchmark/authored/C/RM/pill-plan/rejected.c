#include <stdbool.h>

/* All kinds of plans: name, function and the condition for a day of the plan. */
#define PLAN_KINDS(KIND) \
    KIND(DAILY, daily, true) \
    KIND(INTERVAL, interval, ELAPSED % p->interval == 0) \
    KIND(WEEKDAYS, weekdays, (p->weekdays >> (day % 7)) & 1u) \
    KIND(CYCLE, cycle, ELAPSED % (p->days_on + p->days_off) < p->days_on)

#define ELAPSED (day - p->first_day)
#define AS_ENUM(NAME, function, condition) NAME,
#define AS_FUNCTION(NAME, function, condition) \
    static bool due_##function(const struct prescription *p, int day) \
    { \
        (void)p, (void)day; \
        return (condition); \
    }
#define AS_ENTRY(NAME, function, condition) [NAME] = due_##function,

enum plan_kind { PLAN_KINDS(AS_ENUM) PLAN_KIND_COUNT };

struct prescription {
    enum plan_kind kind;
    int first_day;
    int last_day;
    int interval;
    unsigned weekdays;
    int days_on;
    int days_off;
};

PLAN_KINDS(AS_FUNCTION)

static bool (*const due_functions[PLAN_KIND_COUNT])(const struct prescription *, int) = {
    PLAN_KINDS(AS_ENTRY)
};

#define DUE(p, day) ((day) >= (p)->first_day && (day) <= (p)->last_day && due_functions[(p)->kind]((p), (day)))
#define FIRST(from, to, variable, condition) \
    for (int variable = (from); variable <= (to); variable++) \
        if (condition) \
            return variable; \
    return -1

bool dose_due(const struct prescription *p, int day)
{
    return DUE(p, day);
}

int next_dose(const struct prescription *p, int day)
{
    FIRST(day > p->first_day ? day : p->first_day, p->last_day, candidate, DUE(p, candidate));
}
