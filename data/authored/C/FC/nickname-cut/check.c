#include "solution.c"

#undef NDEBUG
#include <assert.h>

static void expect(const char *name, size_t size, const char *wanted)
{
    char out[32];

    memset(out, 'x', sizeof out);
    assert(cut_nickname(out, size, name) == strlen(wanted));
    assert(strcmp(out, wanted) == 0);
    assert(out[size] == 'x');
}

int main(void)
{
    char untouched = 'x';

    assert(cut_nickname(&untouched, 0, "ann") == 0 && untouched == 'x');
    expect("ann", 1, "");
    expect("ann", 3, "an");
    expect("ann", 4, "ann");
    expect("ann", 20, "ann");
    expect("", 5, "");
    expect("J\xC3\xB6rg", 3, "J");
    expect("\xE2\x82\xAC\xE2\x82\xAC", 6, "\xE2\x82\xAC");
    expect("J\xC3\xB6rg", 6, "J\xC3\xB6rg");
    expect("J\xC3\xB6rg", 4, "J\xC3\xB6");
    expect("\xF0\x9F\x90\x9D\xF0\x9F\x90\x9D", 5, "\xF0\x9F\x90\x9D");
    return 0;
}
