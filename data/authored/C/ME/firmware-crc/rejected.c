#define _POSIX_C_SOURCE 200809L
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

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
    struct stat info;
    uint32_t value = 0xFFFFFFFFu;

    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return -1;
    if (fstat(fileno(file), &info) != 0) {
        fclose(file);
        return -1;
    }
    size_t length = (size_t)info.st_size;
    unsigned char *image = malloc(length + 1);
    if (image == NULL || fread(image, 1, length, file) != length) {
        free(image);
        fclose(file);
        return -1;
    }
    fclose(file);
    fill_table();
    for (size_t i = 0; i < length; i++)
        value = (value >> 8) ^ table[(value ^ image[i]) & 0xFF];
    free(image);
    *crc = ~value;
    return 0;
}
