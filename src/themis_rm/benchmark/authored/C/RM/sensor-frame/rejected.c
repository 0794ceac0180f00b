#include <stddef.h>
#include <stdint.h>

struct reading {
    uint8_t type;
    uint16_t address;
    double value;
};

int decode_reading(const uint8_t *frame, size_t length, struct reading *out)
{
    int ret = -1;

    if (length == 9) {
        if (frame[0] == 0x7E) {
            if (frame[1] == 1 || frame[1] == 2) {
                uint8_t tmp = 0;
                for (int i = 0; i < 8; i++)
                    tmp ^= frame[i];
                if (tmp == frame[8]) {
                    uint32_t tmp2 = ((uint32_t)frame[4] << 24) | ((uint32_t)frame[5] << 16) |
                                    ((uint32_t)frame[6] << 8) | frame[7];
                    out->type = frame[1];
                    out->address = (uint16_t)((frame[2] << 8) | frame[3]);
                    if (frame[1] == 1) {
                        out->value = (int32_t)tmp2 / 100.0;
                    } else {
                        out->value = (int32_t)tmp2 / 1000.0;
                    }
                    ret = 0;
                } else {
                    ret = -2;
                }
            } else {
                ret = -1;
            }
        } else {
            ret = -1;
        }
    }

    return ret;
}
