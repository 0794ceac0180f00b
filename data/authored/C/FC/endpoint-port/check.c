#include "solution.c"

#undef NDEBUG
#include <assert.h>

static struct endpoint e;

static int parse(const char *text)
{
    return parse_endpoint(text, 502, &e);
}

int main(void)
{
    assert(parse("plc-7") == 0 && strcmp(e.host, "plc-7") == 0 && e.port == 502);
    assert(parse("10.0.0.4:1502") == 0 && strcmp(e.host, "10.0.0.4") == 0 && e.port == 1502);
    assert(parse("[fe80::1]") == 0 && strcmp(e.host, "fe80::1") == 0 && e.port == 502);
    assert(parse("[::1]:65535") == 0 && strcmp(e.host, "::1") == 0 && e.port == 65535);
    assert(parse("h:1") == 0 && e.port == 1);
    assert(parse("") == -1 && parse(":502") == -1 && parse("[::1") == -1 && parse("[]:1") == -1);
    assert(parse("h:") == -1 && parse("h:0") == -1 && parse("h:80x") == -1 && parse("h:-1") == -1);
    assert(parse("[::1]8080") == -1 && parse("h: 80") == -1);
    assert(parse("h:65536") == -1);
    assert(parse("h:66038") == -1);
    assert(parse("h:99999999999999999999999") == -1);
    return 0;
}
