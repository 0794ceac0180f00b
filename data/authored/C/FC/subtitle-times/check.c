#include "solution.c"

#undef NDEBUG
#include <assert.h>

static uint32_t time_of(const char *text)
{
    uint32_t milliseconds = 0;

    return parse_cue_time(text, &milliseconds) == 0 ? milliseconds : UINT32_MAX;
}

int main(void)
{
    assert(time_of("0:00") == 0);
    assert(time_of("04:07") == 247000);
    assert(time_of("1:02:03,250") == 3723250);
    assert(time_of("90:00") == 5400000);
    assert(time_of("999:59:59.999") == 3599999999u);
    assert(time_of("1000:00:00") == UINT32_MAX);
    assert(time_of("99999999999:00") == UINT32_MAX);
    assert(time_of("") == UINT32_MAX && time_of("12") == UINT32_MAX && time_of("1:2") == UINT32_MAX);
    assert(time_of("1:60") == UINT32_MAX && time_of("1:00:00:00") == UINT32_MAX);
    assert(time_of("1:00,") == UINT32_MAX && time_of("1:00,1234") == UINT32_MAX && time_of("1:00 ") == UINT32_MAX);
    assert(time_of("1:02:03,5") == 3723500);
    assert(time_of("04:07.25") == 247250);
    return 0;
}
