#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct gate {
    uint32_t tickets;
    uint32_t redeemed;
    unsigned char used[];
};

struct gate *gate_open(uint32_t tickets)
{
    struct gate *gate = calloc(1, sizeof *gate + tickets / CHAR_BIT + 1);

    if (gate != NULL)
        gate->tickets = tickets;
    return gate;
}

bool gate_redeem(struct gate *gate, uint32_t ticket)
{
    if (ticket >= gate->tickets)
        return false;

    unsigned char *place = &gate->used[ticket / CHAR_BIT];
    unsigned char mark = (unsigned char)(1u << (ticket % CHAR_BIT));
    if (*place & mark)
        return false;
    *place |= mark;
    gate->redeemed++;
    return true;
}

uint32_t gate_redeemed(const struct gate *gate)
{
    return gate->redeemed;
}

void gate_close(struct gate *gate)
{
    free(gate);
}
