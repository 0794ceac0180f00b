#include <stdio.h>

static void put_escaped(FILE *file, unsigned char c)
{
    if (c == '"' || c == '\\')
        fprintf(file, "\\%c", c);
    else if (c < 0x20 || c == 0x7F)
        fprintf(file, "\\x%02X", c);
    else
        fputc(c, file);
}

/* Writes name="text" with quotes, backslashes and control characters escaped. */
static void put_field(FILE *file, const char *name, const char *text)
{
    fprintf(file, " %s=\"", name);
    for (; *text != '\0'; text++)
        put_escaped(file, (unsigned char)*text);
    fputc('"', file);
}

int audit_login(FILE *file, long time, const char *user, const char *client, int accepted)
{
    fprintf(file, "time=%ld", time);
    put_field(file, "user", user);
    put_field(file, "client", client);
    fprintf(file, " result=%s\n", accepted ? "accepted" : "refused");

    return fflush(file) == 0 && !ferror(file) ? 0 : -1;
}
