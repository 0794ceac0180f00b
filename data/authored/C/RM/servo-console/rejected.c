#include <stdio.h>
#include <string.h>

struct servo {
    int pos;
    int speed;
    int accel;
    int hold;
};

void handle_command(struct servo *servo, const char *line, char *reply, size_t size)
{
    char name[16] = "";
    int value;
    int parsed = sscanf(line, "%15s %d", name, &value);

    if (strcmp(name, "pos") == 0) {
        if (parsed < 2) {
            snprintf(reply, size, "error pos number");
        } else if (value < 0 || value > 180) {
            snprintf(reply, size, "error pos range");
        } else {
            servo->pos = value;
            snprintf(reply, size, "ok pos %d", value);
        }
    } else if (strcmp(name, "speed") == 0) {
        if (parsed < 2) {
            snprintf(reply, size, "error speed number");
        } else if (value < 1 || value > 100) {
            snprintf(reply, size, "error speed range");
        } else {
            servo->speed = value;
            snprintf(reply, size, "ok speed %d", value);
        }
    } else if (strcmp(name, "accel") == 0) {
        if (parsed < 2) {
            snprintf(reply, size, "error accel number");
        } else if (value < 1 || value > 50) {
            snprintf(reply, size, "error accel range");
        } else {
            servo->accel = value;
            snprintf(reply, size, "ok accel %d", value);
        }
    } else if (strcmp(name, "hold") == 0) {
        if (parsed < 2) {
            snprintf(reply, size, "error hold number");
        } else if (value < 0 || value > 15) {
            snprintf(reply, size, "error hold range");
        } else {
            servo->hold = value;
            snprintf(reply, size, "ok hold %d", value);
        }
    } else {
        snprintf(reply, size, "error command");
    }
}
