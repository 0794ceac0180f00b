#include <stdlib.h>

static size_t requests;

static void *counted_malloc(size_t size)
{
    requests++;
    return malloc(size);
}

static void *counted_realloc(void *block, size_t size)
{
    requests++;
    return realloc(block, size);
}

#define malloc counted_malloc
#define realloc counted_realloc

#include "solution.c"

#undef NDEBUG
#include <assert.h>

int main(void)
{
    FILE *file = tmpfile();
    char text[] = "Ito\n\nOkafor\nLind";
    size_t count = 7;

    FILE *few = fmemopen(text, sizeof text - 1, "r");
    char **names = read_names(few, &count);
    assert(names != NULL && count == 3);
    assert(strcmp(names[0], "Ito") == 0 && strcmp(names[1], "Okafor") == 0 && strcmp(names[2], "Lind") == 0);
    assert(read_names(few, &count) != NULL && count == 0);

    for (int i = 0; i < 30000; i++)
        fprintf(file, "Name%d\n", i);
    rewind(file);
    requests = 0;
    names = read_names(file, &count);
    assert(names != NULL && count == 30000 && strcmp(names[29999], "Name29999") == 0);
    assert(requests < 100);
    return 0;
}
