#include <string.h>

/* Volumes go through millilitres, weights through grams. */
int convert_amount(double amount, const char *from, const char *to, double *result)
{
    double base;
    int is_weight = 0;

    if (strcmp(from, "ml") == 0) {
        base = amount;
    } else if (strcmp(from, "tsp") == 0) {
        base = amount * 5;
    } else if (strcmp(from, "tbsp") == 0) {
        base = amount * 15;
    } else if (strcmp(from, "cup") == 0) {
        base = amount * 240;
    } else if (strcmp(from, "l") == 0) {
        base = amount * 1000;
    } else {
        is_weight = 1;
        if (strcmp(from, "g") == 0)
            base = amount;
        else if (strcmp(from, "oz") == 0)
            base = amount * 28.35;
        else if (strcmp(from, "lb") == 0)
            base = amount * 453.6;
        else if (strcmp(from, "kg") == 0)
            base = amount * 1000;
        else
            return -1;
    }

    if (!is_weight && strcmp(to, "ml") == 0)
        *result = base;
    else if (!is_weight && strcmp(to, "tsp") == 0)
        *result = base / 5;
    else if (!is_weight && strcmp(to, "tbsp") == 0)
        *result = base / 15;
    else if (!is_weight && strcmp(to, "cup") == 0)
        *result = base / 240;
    else if (!is_weight && strcmp(to, "l") == 0)
        *result = base / 1000;
    else if (is_weight && strcmp(to, "g") == 0)
        *result = base;
    else if (is_weight && strcmp(to, "oz") == 0)
        *result = base / 28.35;
    else if (is_weight && strcmp(to, "lb") == 0)
        *result = base / 453.6;
    else if (is_weight && strcmp(to, "kg") == 0)
        *result = base / 1000;
    else
        return -1;
    return 0;
}
