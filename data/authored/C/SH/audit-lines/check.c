#include "solution.c"

#undef NDEBUG
#include <assert.h>
#include <string.h>

static const char *line_for(const char *user, const char *client, int accepted)
{
    static char text[1000];

    memset(text, 0, sizeof text);
    FILE *file = fmemopen(text, sizeof text, "w");
    assert(audit_login(file, 17, user, client, accepted) == 0);
    fclose(file);
    return text;
}

int main(void)
{
    assert(strcmp(line_for("ann", "mutt", 1), "time=17 user=\"ann\" client=\"mutt\" result=accepted\n") == 0);
    assert(strstr(line_for("J\xC3\xB6rg", "", 1), "user=\"J\xC3\xB6rg\"") != NULL);
    assert(strcmp(line_for("a \"b\" \\", "", 0), "time=17 user=\"a \\\"b\\\" \\\\\" client=\"\" result=refused\n") == 0);

    const char *line = line_for("eve\ntime=18 user=\"ann\" client=\"mutt\" result=accepted", "x\r\x1B[2J", 0);
    assert(strchr(line, '\n') == line + strlen(line) - 1);
    assert(strchr(line, '\r') == NULL && strchr(line, '\x1B') == NULL);
    return 0;
}
