#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static time_t same_time(time_t *now)
{
    if (now != NULL)
        *now = 1700000000;
    return 1700000000;
}

static pid_t same_pid(void)
{
    return 4711;
}

#define time(now) same_time(now)
#define getpid() same_pid()

#include "solution.c"

#undef NDEBUG
#include <assert.h>
#include <string.h>
#include <sys/wait.h>

/* Makes a code in a process of its own, as each pairing does. */
static void code_of_new_process(char *code)
{
    int ends[2];

    assert(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        char made[13];
        _exit(make_pairing_code(made) == 0 && write(ends[1], made, 13) == 13 ? 0 : 1);
    }
    assert(read(ends[0], code, 13) == 13 && waitpid(child, NULL, 0) == child);
}

int main(void)
{
    char one[13], two[13];

    code_of_new_process(one);
    code_of_new_process(two);
    assert(strlen(one) == 12 && strspn(one, "ABCDEFGHJKLMNPQRSTUVWXYZ23456789") == 12);
    assert(strcmp(one, two) != 0);
    return 0;
}
