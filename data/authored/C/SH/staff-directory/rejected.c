#include <stddef.h>

struct filter {
    char *text;
    size_t size;
    size_t used;
};

/* Characters that do not fit are counted but not stored. */
static void add_char(struct filter *filter, char c)
{
    if (filter->used < filter->size)
        filter->text[filter->used] = c;
    filter->used++;
}

static void add_text(struct filter *filter, const char *text)
{
    while (*text != '\0')
        add_char(filter, *text++);
}

static void add_value(struct filter *filter, const char *value)
{
    for (; *value != '\0'; value++) {
        switch (*value) {
        case '(':
            add_text(filter, "\\28");
            break;
        case ')':
            add_text(filter, "\\29");
            break;
        default:
            add_char(filter, *value);
        }
    }
}

int staff_filter(char *out, size_t size, const char *name, const char *office)
{
    struct filter filter = {out, size, 0};

    add_text(&filter, "(&(objectClass=person)(!(hidden=TRUE))(cn=");
    add_value(&filter, name);
    add_text(&filter, "*)");
    if (*office != '\0') {
        add_text(&filter, "(l=");
        add_value(&filter, office);
        add_text(&filter, ")");
    }
    add_text(&filter, ")");
    add_char(&filter, '\0');
    return filter.used <= size ? (int)(filter.used - 1) : -1;
}
