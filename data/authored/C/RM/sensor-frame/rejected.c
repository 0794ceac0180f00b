#include <stddef.h>
#include <stdint.h>

#define FRAME_LENGTH 9
#define FRAME_START 0x7E
#define MOISTURE_TYPE 1
#define TEMPERATURE_TYPE 2
#define MALFORMED_FRAME (-1)
#define CHECKSUM_DIFFERS (-2)

#define FRAME_BYTE_AT(n) ((uint32_t)frame[(n)])
#define FRAME_WORD_AT(n) (FRAME_BYTE_AT(n) << 8 | FRAME_BYTE_AT((n) + 1))
#define FOLDED_AT(n) (FRAME_WORD_AT(n) ^ FRAME_WORD_AT((n) + 2))
#define CHECKSUM_OF(word) (((word) >> 8 ^ (word)) & 0xFF)
#define EXPECT(condition, otherwise) if (!(condition)) return otherwise
#define HAS_TYPE(kind) (FRAME_BYTE_AT(1) == kind##_TYPE)
#define SCALE(kind, steps) if (HAS_TYPE(kind)) out->value = (int32_t)raw_value / (steps)

struct reading {
    uint8_t type;
    uint16_t address;
    double value;
};

int decode_reading(const uint8_t *frame, size_t length, struct reading *out)
{
    EXPECT(length == FRAME_LENGTH, MALFORMED_FRAME);
    EXPECT(FRAME_BYTE_AT(0) == FRAME_START, MALFORMED_FRAME);
    EXPECT(HAS_TYPE(MOISTURE) || HAS_TYPE(TEMPERATURE), MALFORMED_FRAME);
    EXPECT(CHECKSUM_OF(FOLDED_AT(0) ^ FOLDED_AT(4)) == FRAME_BYTE_AT(8), CHECKSUM_DIFFERS);

    uint32_t raw_value = FRAME_WORD_AT(4) << 16 | FRAME_WORD_AT(6);
    out->type = (uint8_t)FRAME_BYTE_AT(1);
    out->address = (uint16_t)FRAME_WORD_AT(2);
    SCALE(MOISTURE, 100.0);
    SCALE(TEMPERATURE, 1000.0);
    return 0;
}
