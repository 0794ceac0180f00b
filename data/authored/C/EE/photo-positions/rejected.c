#include <stddef.h>
#include <stdint.h>

struct fix {
    int64_t time_ms;
    double latitude;
    double longitude;
};

struct photo {
    int64_t time_ms;
    const struct fix *place;
};

size_t tag_photos(struct photo *photos, size_t photo_count, const struct fix *fixes, size_t fix_count,
                  int64_t max_gap_ms)
{
    size_t tagged = 0;

    for (size_t i = 0; i < photo_count; i++) {
        const struct fix *nearest = NULL;
        int64_t smallest = max_gap_ms + 1;

        for (size_t k = 0; k < fix_count; k++) {
            int64_t gap = fixes[k].time_ms - photos[i].time_ms;
            if (gap < 0)
                gap = -gap;
            if (gap < smallest) {
                smallest = gap;
                nearest = &fixes[k];
            }
        }

        photos[i].place = nearest;
        if (nearest != NULL)
            tagged++;
    }
    return tagged;
}
