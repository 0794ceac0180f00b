#include <stdio.h>
#include <stdlib.h>

struct metric {
    const char *name;
    const char *labels;
    double value;
};

/* Works like snprintf: returns the full length, writes what fits. */
static size_t format_metric(char *line, size_t size, const struct metric *m)
{
    int length;

    if (m->labels != NULL)
        length = snprintf(line, size, "%s{%s} %.17g\n", m->name, m->labels, m->value);
    else
        length = snprintf(line, size, "%s %.17g\n", m->name, m->value);
    return (size_t)length;
}

char *render_metrics(const struct metric *metrics, size_t count)
{
    size_t size = 1;
    size_t used = 0;

    for (size_t i = 0; i < count; i++)
        size += format_metric(NULL, 0, &metrics[i]);

    char *page = malloc(size);
    if (page == NULL)
        return NULL;
    page[0] = '\0';
    for (size_t i = 0; i < count; i++)
        used += format_metric(page + used, size - used, &metrics[i]);
    return page;
}
