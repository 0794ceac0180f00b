#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum ticket_state {
    TICKET_OPEN,
    TICKET_REDEEMED,
};

struct gate {
    uint32_t tickets;
    uint32_t redeemed;
    enum ticket_state *states;
};

struct gate *gate_open(uint32_t tickets)
{
    struct gate *gate = malloc(sizeof *gate);

    if (gate == NULL)
        return NULL;
    gate->tickets = tickets;
    gate->redeemed = 0;
    gate->states = calloc((size_t)tickets + 1, sizeof *gate->states);
    if (gate->states == NULL) {
        free(gate);
        return NULL;
    }
    return gate;
}

bool gate_redeem(struct gate *gate, uint32_t ticket)
{
    if (ticket >= gate->tickets || gate->states[ticket] == TICKET_REDEEMED)
        return false;
    gate->states[ticket] = TICKET_REDEEMED;
    gate->redeemed++;
    return true;
}

uint32_t gate_redeemed(const struct gate *gate)
{
    return gate->redeemed;
}

void gate_close(struct gate *gate)
{
    free(gate->states);
    free(gate);
}
