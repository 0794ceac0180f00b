#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

static uint32_t table[256];

static void fill_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++)
            value = (value >> 1) ^ (value & 1 ? 0xEDB88320u : 0);
        table[i] = value;
    }
}

int file_crc32(const char *path, uint32_t *crc)
{
    unsigned char block[8192];
    uint32_t value = 0xFFFFFFFFu;
    size_t length;

    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return -1;
    fill_table();
    while ((length = fread(block, 1, sizeof block, file)) > 0)
        for (size_t i = 0; i < length; i++)
            value = (value >> 8) ^ table[(value ^ block[i]) & 0xFF];

    int failed = ferror(file);
    fclose(file);
    if (failed)
        return -1;
    *crc = ~value;
    return 0;
}
