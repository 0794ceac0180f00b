#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define CODE_LENGTH 12

static const char alphabet[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/* Seeds the generator once per process, differently in each of them. */
static int seed_generator(void)
{
    static bool seeded = false;
    time_t now = time(NULL);

    if (now == (time_t)-1)
        return -1;
    if (!seeded) {
        srandom((unsigned)now ^ ((unsigned)getpid() << 16));
        seeded = true;
    }
    return 0;
}

int make_pairing_code(char code[CODE_LENGTH + 1])
{
    if (seed_generator() != 0)
        return -1;
    /* 32 characters: the upper bits of each number choose one evenly. */
    for (size_t i = 0; i < CODE_LENGTH; i++)
        code[i] = alphabet[(random() >> 8) % 32];
    code[CODE_LENGTH] = '\0';
    return 0;
}
