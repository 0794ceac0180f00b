#include <errno.h>
#include <stddef.h>
#include <sys/random.h>
#include <sys/types.h>

#define CODE_LENGTH 12

static const char alphabet[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

static int fill_random(unsigned char *bytes, size_t size)
{
    ssize_t got;

    do
        got = getrandom(bytes, size, 0);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)size ? 0 : -1;
}

int make_pairing_code(char code[CODE_LENGTH + 1])
{
    unsigned char bytes[CODE_LENGTH];

    if (fill_random(bytes, sizeof bytes) != 0)
        return -1;
    /* 32 characters: five bits of each byte choose one evenly. */
    for (size_t i = 0; i < CODE_LENGTH; i++)
        code[i] = alphabet[bytes[i] % 32];
    code[CODE_LENGTH] = '\0';
    return 0;
}
