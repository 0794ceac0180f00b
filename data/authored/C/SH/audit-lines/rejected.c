#include <stdio.h>
#include <string.h>

/* Writes name="text" with quotes and backslashes escaped, so that the field stays one field. */
static void put_field(FILE *file, const char *name, const char *text)
{
    fprintf(file, " %s=\"", name);
    while (*text != '\0') {
        size_t plain = strcspn(text, "\"\\");

        fwrite(text, 1, plain, file);
        text += plain;
        if (*text != '\0') {
            fputc('\\', file);
            fputc(*text++, file);
        }
    }
    fputc('"', file);
}

int audit_login(FILE *file, long time, const char *user, const char *client, int accepted)
{
    const char *result = accepted ? "accepted" : "refused";

    fprintf(file, "time=%ld", time);
    put_field(file, "user", user);
    put_field(file, "client", client);
    fprintf(file, " result=%s\n", result);

    if (fflush(file) != 0 || ferror(file))
        return -1;
    return 0;
}
