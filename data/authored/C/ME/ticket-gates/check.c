#include <stdlib.h>

static size_t requested;

static void *counted_malloc(size_t size)
{
    requested += size;
    return malloc(size);
}

static void *counted_calloc(size_t count, size_t size)
{
    requested += count * size;
    return calloc(count, size);
}

#define malloc counted_malloc
#define calloc counted_calloc

#include "solution.c"

#undef NDEBUG
#include <assert.h>

int main(void)
{
    struct gate *gate = gate_open(1000);

    for (uint32_t ticket = 0; ticket < 1000; ticket += 3)
        assert(gate_redeem(gate, ticket));
    for (uint32_t ticket = 0; ticket < 1000; ticket++)
        assert(gate_redeem(gate, ticket) == (ticket % 3 != 0));
    assert(!gate_redeem(gate, 999) && !gate_redeem(gate, 1000) && !gate_redeem(gate, UINT32_MAX));
    assert(gate_redeemed(gate) == 1000);
    gate_close(gate);

    requested = 0;
    gate = gate_open(1000000);
    assert(gate_redeem(gate, 999999) && !gate_redeem(gate, 1000000));
    assert(requested < 1000000 / 8 + 4096);
    gate_close(gate);
    return 0;
}
