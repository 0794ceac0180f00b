#include <ctype.h>
#include <stdint.h>
#include <string.h>

struct endpoint {
    char host[256];
    uint16_t port;
};

static int parse_port(const char *text, uint16_t *port)
{
    uint16_t number = 0;

    for (const char *digit = text; *digit != '\0'; digit++) {
        if (!isdigit((unsigned char)*digit))
            return -1;
        number = (uint16_t)(number * 10 + (*digit - '0'));
    }
    if (number < 1)
        return -1;
    *port = number;
    return 0;
}

int parse_endpoint(const char *text, uint16_t default_port, struct endpoint *out)
{
    const char *host = text;
    const char *rest;
    size_t host_length;

    if (*text == '[') {
        host = text + 1;
        host_length = strcspn(host, "]");
        if (host[host_length] != ']')
            return -1;
        rest = host + host_length + 1;
    } else {
        host_length = strcspn(host, ":");
        rest = host + host_length;
    }
    if (host_length == 0 || host_length >= sizeof out->host)
        return -1;
    memcpy(out->host, host, host_length);
    out->host[host_length] = '\0';
    out->port = default_port;
    if (*rest == '\0')
        return 0;
    return *rest == ':' ? parse_port(rest + 1, &out->port) : -1;
}
