#include <stdint.h>
#include <stdlib.h>

#define TILE_BYTES 65536
#define TILE_BUCKETS 256

typedef int (*tile_loader)(void *ctx, uint32_t id, uint8_t *pixels);

struct tile {
    uint32_t id;
    struct tile *next; /* in the same bucket */
    uint8_t pixels[TILE_BYTES];
};

struct tile_store {
    struct tile *buckets[TILE_BUCKETS];
    tile_loader load;
    void *ctx;
};

void tile_store_init(struct tile_store *store, tile_loader load, void *ctx)
{
    *store = (struct tile_store){.load = load, .ctx = ctx};
}

const uint8_t *tile_store_get(struct tile_store *store, uint32_t id)
{
    struct tile **bucket = &store->buckets[id % TILE_BUCKETS];

    for (struct tile *tile = *bucket; tile != NULL; tile = tile->next)
        if (tile->id == id)
            return tile->pixels;

    struct tile *tile = malloc(sizeof *tile);
    if (tile == NULL)
        return NULL;
    if (store->load(store->ctx, id, tile->pixels) != 0) {
        free(tile);
        return NULL;
    }
    tile->id = id;
    tile->next = *bucket;
    *bucket = tile;
    return tile->pixels;
}

void tile_store_free(struct tile_store *store)
{
    for (size_t i = 0; i < TILE_BUCKETS; i++)
        while (store->buckets[i] != NULL) {
            struct tile *tile = store->buckets[i];
            store->buckets[i] = tile->next;
            free(tile);
        }
}
