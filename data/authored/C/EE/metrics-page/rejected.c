#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct metric {
    const char *name;
    const char *labels;
    double value;
};

static void append_metric(char *page, const struct metric *m)
{
    char number[32];

    strcat(page, m->name);
    if (m->labels != NULL) {
        strcat(page, "{");
        strcat(page, m->labels);
        strcat(page, "}");
    }
    snprintf(number, sizeof number, " %.17g\n", m->value);
    strcat(page, number);
}

char *render_metrics(const struct metric *metrics, size_t count)
{
    size_t size = 1;

    /* Room for the braces and for the longest number with its newline. */
    for (size_t i = 0; i < count; i++) {
        size += strlen(metrics[i].name) + 34;
        if (metrics[i].labels != NULL)
            size += strlen(metrics[i].labels);
    }

    char *page = malloc(size);
    if (page == NULL)
        return NULL;
    page[0] = '\0';
    for (size_t i = 0; i < count; i++)
        append_metric(page, &metrics[i]);
    return page;
}
