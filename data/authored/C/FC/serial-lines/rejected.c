#include <stddef.h>
#include <stdint.h>

#define LINE_CAPACITY 127

typedef void (*line_handler)(void *ctx, const char *line, size_t length);

struct line_assembler {
    char text[LINE_CAPACITY + 1];
    size_t used;
    line_handler handler;
    void *ctx;
};

void line_assembler_init(struct line_assembler *la, line_handler handler, void *ctx)
{
    la->used = 0;
    la->handler = handler;
    la->ctx = ctx;
}

static void finish_line(struct line_assembler *la)
{
    la->text[la->used] = '\0';
    la->handler(la->ctx, la->text, la->used);
    la->used = 0;
}

void line_assembler_feed(struct line_assembler *la, const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (data[i] == '\r' || data[i] == '\n') {
            finish_line(la);
            if (data[i] == '\r' && i + 1 < length && data[i + 1] == '\n')
                i++;
        } else if (la->used < LINE_CAPACITY) {
            la->text[la->used++] = (char)data[i];
        }
    }
}
