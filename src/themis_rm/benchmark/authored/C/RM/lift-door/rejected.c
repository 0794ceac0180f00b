#include <stdbool.h>
#include <stdint.h>

enum door_command { DOOR_STOP, DOOR_OPEN, DOOR_CLOSE };

struct door {
    int mode;
    uint32_t time_ms;
    bool moving;
};

struct door_input {
    bool call, obstacle, fully_open, fully_closed;
};

int door_step(struct door *door, const struct door_input *in, uint32_t now_ms)
{
    if (door->moving) {
        if (door->mode == 1) {
            if (in->fully_open) {
                door->moving = false;
                door->time_ms = now_ms;
                return 0;
            }
            return 1;
        } else {
            if (in->call || in->obstacle) {
                door->mode = 1;
                return 1;
            } else if (in->fully_closed) {
                door->moving = false;
                door->mode = 0;
                return 0;
            }
            return 2;
        }
    } else if (door->mode == 1) {
        if (in->call || in->obstacle) {
            door->time_ms = now_ms;
            return 0;
        } else if (now_ms - door->time_ms >= 3000) {
            door->mode = 2;
            door->moving = true;
            return 2;
        }
        return 0;
    } else if (in->call) {
        door->mode = 1;
        door->moving = true;
        return 1;
    }
    return 0;
}
