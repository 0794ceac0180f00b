#include <stdint.h>
#include <stdlib.h>

#define TILE_BYTES 65536
#define TILE_SLOTS 12

typedef int (*tile_loader)(void *ctx, uint32_t id, uint8_t *pixels);

struct tile {
    uint32_t id;
    uint64_t last_use; /* 0: holds nothing */
    uint8_t *pixels;
};

struct tile_store {
    struct tile slots[TILE_SLOTS];
    uint64_t clock;
    tile_loader load;
    void *ctx;
};

void tile_store_init(struct tile_store *store, tile_loader load, void *ctx)
{
    *store = (struct tile_store){.load = load, .ctx = ctx};
}

const uint8_t *tile_store_get(struct tile_store *store, uint32_t id)
{
    struct tile *oldest = &store->slots[0];

    for (struct tile *tile = store->slots; tile < store->slots + TILE_SLOTS; tile++) {
        if (tile->last_use > 0 && tile->id == id) {
            tile->last_use = ++store->clock;
            return tile->pixels;
        }
        if (tile->last_use < oldest->last_use)
            oldest = tile;
    }
    if (oldest->pixels == NULL && (oldest->pixels = malloc(TILE_BYTES)) == NULL)
        return NULL;
    oldest->last_use = 0;
    if (store->load(store->ctx, id, oldest->pixels) != 0)
        return NULL;
    oldest->id = id;
    oldest->last_use = ++store->clock;
    return oldest->pixels;
}

void tile_store_free(struct tile_store *store)
{
    for (size_t i = 0; i < TILE_SLOTS; i++)
        free(store->slots[i].pixels);
}
