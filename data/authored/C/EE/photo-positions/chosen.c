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
    size_t next = 0;

    for (size_t i = 0; i < photo_count; i++) {
        int64_t time = photos[i].time_ms;
        const struct fix *nearest = NULL;
        int64_t smallest = max_gap_ms;

        while (next < fix_count && fixes[next].time_ms < time)
            next++;
        if (next > 0 && time - fixes[next - 1].time_ms <= smallest) {
            nearest = &fixes[next - 1];
            smallest = time - nearest->time_ms - 1;
        }
        if (next < fix_count && fixes[next].time_ms - time <= smallest)
            nearest = &fixes[next];

        photos[i].place = nearest;
        if (nearest != NULL)
            tagged++;
    }
    return tagged;
}
