#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct servo {
    int pos;
    int speed;
    int accel;
    int hold;
};

struct setting {
    const char *name;
    int lowest;
    int highest;
    size_t offset;
};

static const struct setting settings[] = {
    {"pos", 0, 180, offsetof(struct servo, pos)},
    {"speed", 1, 100, offsetof(struct servo, speed)},
    {"accel", 1, 50, offsetof(struct servo, accel)},
    {"hold", 0, 15, offsetof(struct servo, hold)},
};

static const struct setting *find_setting(const char *name)
{
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i];
    return NULL;
}

void handle_command(struct servo *servo, const char *line, char *reply, size_t size)
{
    char name[16] = "";
    int value;
    int parsed = sscanf(line, "%15s %d", name, &value);
    const struct setting *setting = find_setting(name);

    if (setting == NULL) {
        snprintf(reply, size, "error command");
    } else if (parsed < 2) {
        snprintf(reply, size, "error %s number", name);
    } else if (value < setting->lowest || value > setting->highest) {
        snprintf(reply, size, "error %s range", name);
    } else {
        *(int *)((char *)servo + setting->offset) = value;
        snprintf(reply, size, "ok %s %d", name, value);
    }
}
