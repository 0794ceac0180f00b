#include <ctype.h>
#include <stdint.h>

#define MAX_HOURS 1000u

/* Reads decimal digits and stops at the first other character; huge numbers saturate. */
static const char *parse_number(const char *text, uint32_t *number, int *digits)
{
    *number = 0;
    for (*digits = 0; isdigit((unsigned char)*text); text++) {
        *number = *number * 10 + (uint32_t)(*text - '0');
        if (*number > MAX_HOURS * 60)
            *number = MAX_HOURS * 60;
        (*digits)++;
    }
    return text;
}

int parse_cue_time(const char *text, uint32_t *milliseconds)
{
    static const uint32_t unit[] = {0, 100, 10, 1};
    uint32_t total, number;
    int digits, parts = 1;

    text = parse_number(text, &total, &digits);
    if (digits == 0)
        return -1;
    for (; *text == ':'; parts++) {
        text = parse_number(text + 1, &number, &digits);
        if (digits != 2 || number > 59 || parts == 3)
            return -1;
        total = total * 60 + number;
    }
    if (parts == 1 || total >= MAX_HOURS * 3600)
        return -1;

    total *= 1000;
    if (*text == ',' || *text == '.') {
        text = parse_number(text + 1, &number, &digits);
        if (digits < 1 || digits > 3)
            return -1;
        total += number * unit[digits];
    }
    if (*text != '\0')
        return -1;
    *milliseconds = total;
    return 0;
}
