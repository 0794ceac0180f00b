#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Bytes 10xxxxxx continue a character that began earlier. */
static bool continues(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/*
 * The longest prefix of name that has at most limit bytes and ends with a whole character: a cut is
 * possible wherever the byte behind it does not continue a character.
 */
static size_t whole_prefix(const char *name, size_t limit)
{
    size_t length = strnlen(name, limit + 1);

    if (length <= limit)
        return length;
    length = limit;
    while (length > 0 && continues(name[length]))
        length--;
    return length;
}

size_t cut_nickname(char *out, size_t size, const char *name)
{
    if (size == 0)
        return 0;

    size_t length = whole_prefix(name, size - 1);
    memcpy(out, name, length);
    out[length] = '\0';
    return length;
}
