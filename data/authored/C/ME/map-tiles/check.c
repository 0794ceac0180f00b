#include <stdlib.h>

static size_t blocks;

static void *counted_malloc(size_t size)
{
    blocks++;
    return malloc(size);
}

static void counted_free(void *block)
{
    blocks -= block != NULL;
    free(block);
}

#define malloc counted_malloc
#define free counted_free

#include "solution.c"

#undef NDEBUG
#include <assert.h>

static int loads;

static int load(void *ctx, uint32_t id, uint8_t *pixels)
{
    (void)ctx;
    loads++;
    pixels[0] = (uint8_t)id;
    pixels[TILE_BYTES - 1] = (uint8_t)(id >> 8);
    return id == 666;
}

int main(void)
{
    static struct tile_store store;

    tile_store_init(&store, load, NULL);
    const uint8_t *first = tile_store_get(&store, 5);
    assert(first != NULL && first[0] == 5 && tile_store_get(&store, 5) == first && loads == 1);
    for (uint32_t id = 100; id < 110; id++)
        assert(tile_store_get(&store, id) != NULL);
    assert(first[0] == 5 && tile_store_get(&store, 5) == first && loads == 11);
    assert(tile_store_get(&store, 666) == NULL);

    for (uint32_t id = 1000; id < 1200; id++) {
        const uint8_t *pixels = tile_store_get(&store, id);
        assert(pixels[0] == (uint8_t)id && pixels[TILE_BYTES - 1] == id >> 8);
    }
    assert(blocks <= 32);
    tile_store_free(&store);
    assert(blocks == 0);
    return 0;
}
