#include <stddef.h>
#include <stdint.h>

#define FRAME_LENGTH 9
#define FRAME_START 0x7E
#define MOISTURE_TYPE 1
#define TEMPERATURE_TYPE 2
#define MALFORMED_FRAME (-1)
#define WRONG_CHECKSUM (-2)

#define BYTE_AT(n) ((uint32_t)frame[(n)])
#define WORD_AT(n) (BYTE_AT(n) << 8 | BYTE_AT((n) + 1))
#define FOLDED_AT(n) (WORD_AT(n) ^ WORD_AT((n) + 2))
#define CHECKSUM_OF(word) (((word) >> 8 ^ (word)) & 0xFF)
#define EXPECT(condition, otherwise) if (!(condition)) return otherwise
#define HAS_TYPE(kind) (BYTE_AT(1) == kind##_TYPE)
#define SCALE(kind, steps) if (HAS_TYPE(kind)) out->value = (int32_t)raw_value / (steps)

struct reading {
    uint8_t type;
    uint16_t address;
    double value;
};

int decode_reading(const uint8_t *frame, size_t length, struct reading *out)
{
    EXPECT(length == FRAME_LENGTH, MALFORMED_FRAME);
    EXPECT(BYTE_AT(0) == FRAME_START, MALFORMED_FRAME);
    EXPECT(HAS_TYPE(MOISTURE) || HAS_TYPE(TEMPERATURE), MALFORMED_FRAME);
    EXPECT(CHECKSUM_OF(FOLDED_AT(0) ^ FOLDED_AT(4)) == BYTE_AT(8), WRONG_CHECKSUM);

    uint32_t raw_value = WORD_AT(4) << 16 | WORD_AT(6);
    out->type = (uint8_t)BYTE_AT(1);
    out->address = (uint16_t)WORD_AT(2);
    SCALE(MOISTURE, 100.0);
    SCALE(TEMPERATURE, 1000.0);
    return 0;
}
