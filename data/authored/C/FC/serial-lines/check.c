#include "solution.c"

#undef NDEBUG
#include <assert.h>
#include <string.h>

static char seen[1024];

static void collect(void *ctx, const char *line, size_t length)
{
    (void)ctx;
    assert(strlen(line) == length);
    strcat(seen, line);
    strcat(seen, "|");
}

static void feed(struct line_assembler *la, const char *text)
{
    line_assembler_feed(la, (const uint8_t *)text, strlen(text));
}

int main(void)
{
    struct line_assembler la;

    line_assembler_init(&la, collect, NULL);
    feed(&la, "one\r\ntwo\nthree\rfo");
    feed(&la, "ur\n");
    assert(strcmp(seen, "one|two|three|four|") == 0);

    seen[0] = '\0';
    feed(&la, "\r\r\n\n");
    assert(strcmp(seen, "|||") == 0);

    seen[0] = '\0';
    feed(&la, "five\r");
    feed(&la, "\nsix\r");
    feed(&la, "seven\n");
    assert(strcmp(seen, "five|six|seven|") == 0);

    seen[0] = '\0';
    for (int i = 0; i < 200; i++)
        feed(&la, "x");
    feed(&la, "\n");
    assert(strlen(seen) == LINE_CAPACITY + 1);
    return 0;
}
