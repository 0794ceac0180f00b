#include <stddef.h>
#include <string.h>

enum quantity { VOLUME_ML, WEIGHT_G };

struct unit {
    const char *name;
    enum quantity quantity;
    double base_amount; /* in millilitres or grams */
};

static const struct unit units[] = {
    {"ml", VOLUME_ML, 1},
    {"tsp", VOLUME_ML, 5},
    {"tbsp", VOLUME_ML, 15},
    {"cup", VOLUME_ML, 240},
    {"l", VOLUME_ML, 1000},
    {"g", WEIGHT_G, 1},
    {"oz", WEIGHT_G, 28.35},
    {"lb", WEIGHT_G, 453.6},
    {"kg", WEIGHT_G, 1000},
};

static const struct unit *find_unit(const char *name)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i].name, name) == 0)
            return &units[i];
    return NULL;
}

int convert_amount(double amount, const char *from, const char *to, double *result)
{
    const struct unit *source = find_unit(from);
    const struct unit *target = find_unit(to);

    if (source == NULL || target == NULL || source->quantity != target->quantity)
        return -1;
    *result = amount * source->base_amount / target->base_amount;
    return 0;
}
