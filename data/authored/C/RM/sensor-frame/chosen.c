#include <stddef.h>
#include <stdint.h>

enum {
    FRAME_LENGTH = 9,
    FRAME_START = 0x7E,
    TYPE_AT = 1,
    ADDRESS_AT = 2,
    VALUE_AT = 4,
    CHECKSUM_AT = 8
};

enum sensor_type { SENSOR_MOISTURE = 1, SENSOR_TEMPERATURE = 2 };
enum { DECODE_OK = 0, DECODE_MALFORMED = -1, DECODE_CHECKSUM = -2 };

struct reading {
    uint8_t type;
    uint16_t address;
    double value;
};

static uint32_t read_big_endian(const uint8_t *bytes, size_t count)
{
    uint32_t value = 0;

    for (size_t i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

static uint8_t xor_of(const uint8_t *bytes, size_t count)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum ^= bytes[i];
    return sum;
}

int decode_reading(const uint8_t *frame, size_t length, struct reading *out)
{
    if (length != FRAME_LENGTH || frame[0] != FRAME_START)
        return DECODE_MALFORMED;
    if (frame[TYPE_AT] != SENSOR_MOISTURE && frame[TYPE_AT] != SENSOR_TEMPERATURE)
        return DECODE_MALFORMED;
    if (xor_of(frame, CHECKSUM_AT) != frame[CHECKSUM_AT])
        return DECODE_CHECKSUM;

    double steps_per_unit = frame[TYPE_AT] == SENSOR_MOISTURE ? 100.0 : 1000.0;
    out->type = frame[TYPE_AT];
    out->address = (uint16_t)read_big_endian(frame + ADDRESS_AT, 2);
    out->value = (int32_t)read_big_endian(frame + VALUE_AT, 4) / steps_per_unit;
    return DECODE_OK;
}
