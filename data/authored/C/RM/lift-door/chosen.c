#include <stdbool.h>
#include <stdint.h>

#define HOLD_OPEN_MS 3000u

enum door_command { DOOR_STOP, DOOR_OPEN, DOOR_CLOSE };
enum door_state { CLOSED, OPENING, HELD_OPEN, CLOSING };

struct door {
    enum door_state state;
    uint32_t held_since_ms;
};

struct door_input {
    bool call, obstacle, fully_open, fully_closed;
};

static enum door_state next_state(struct door *door, const struct door_input *in, uint32_t now_ms)
{
    bool wanted_open = in->call || in->obstacle;

    switch (door->state) {
    case CLOSED:
        return in->call ? OPENING : CLOSED;
    case OPENING:
        door->held_since_ms = now_ms;
        return in->fully_open ? HELD_OPEN : OPENING;
    case HELD_OPEN:
        if (wanted_open)
            door->held_since_ms = now_ms;
        return now_ms - door->held_since_ms >= HOLD_OPEN_MS ? CLOSING : HELD_OPEN;
    case CLOSING:
        if (wanted_open)
            return OPENING;
        return in->fully_closed ? CLOSED : CLOSING;
    }
    return CLOSED;
}

int door_step(struct door *door, const struct door_input *in, uint32_t now_ms)
{
    static const enum door_command command[] = {
        [CLOSED] = DOOR_STOP,
        [OPENING] = DOOR_OPEN,
        [HELD_OPEN] = DOOR_STOP,
        [CLOSING] = DOOR_CLOSE,
    };

    door->state = next_state(door, in, now_ms);
    return command[door->state];
}
