#include <stdbool.h>
#include <stdint.h>

#define HOLD_OPEN_MS 3000u

enum door_command { DOOR_STOP, DOOR_OPEN, DOOR_CLOSE };

struct door {
    bool is_opening, is_held_open, is_closing;
    uint32_t held_since_ms;
};

struct door_input {
    bool call, obstacle, fully_open, fully_closed;
};

int door_step(struct door *door, const struct door_input *in, uint32_t now_ms)
{
    bool wanted_open = in->call || in->obstacle;
    bool was_opening = door->is_opening;
    bool was_held_open = door->is_held_open;

    if (in->call && !door->is_held_open)
        door->is_opening = true;
    if (wanted_open && door->is_closing)
        door->is_opening = true;
    if (door->is_opening)
        door->is_closing = false;
    if (was_opening && in->fully_open) {
        door->is_opening = false;
        door->is_held_open = true;
    }
    if (was_opening || wanted_open)
        door->held_since_ms = now_ms;
    if (was_held_open && now_ms - door->held_since_ms >= HOLD_OPEN_MS) {
        door->is_held_open = false;
        door->is_closing = true;
    }
    if (!was_held_open && door->is_closing && in->fully_closed)
        door->is_closing = false;

    if (door->is_opening)
        return DOOR_OPEN;
    return door->is_closing ? DOOR_CLOSE : DOOR_STOP;
}
