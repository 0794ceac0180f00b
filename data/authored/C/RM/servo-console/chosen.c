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
    int *field;
};

static void set(const struct setting *setting, const char *text, char *reply, size_t size)
{
    int value;

    if (sscanf(text, "%d", &value) != 1) {
        snprintf(reply, size, "error %s number", setting->name);
    } else if (value < setting->lowest || value > setting->highest) {
        snprintf(reply, size, "error %s range", setting->name);
    } else {
        *setting->field = value;
        snprintf(reply, size, "ok %s %d", setting->name, value);
    }
}

void handle_command(struct servo *servo, const char *line, char *reply, size_t size)
{
    const struct setting settings[] = {
        {"pos", 0, 180, &servo->pos},
        {"speed", 1, 100, &servo->speed},
        {"accel", 1, 50, &servo->accel},
        {"hold", 0, 15, &servo->hold},
    };
    char name[16] = "";
    int name_end = 0;

    sscanf(line, "%15s%n", name, &name_end);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (strcmp(settings[i].name, name) == 0) {
            set(&settings[i], line + name_end, reply, size);
            return;
        }
    }
    snprintf(reply, size, "error command");
}
