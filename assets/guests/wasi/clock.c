// Clocks, sleeping and randomness: prints what must hold of them, not their values, which differ every time.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long long nanoseconds(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) return -1;
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void yes(const char *what, int holds) {
    printf("%s: %s\n", what, holds ? "yes" : "NO");
}

int main(void) {
    struct timespec resolution, pause = { 0, 20000000 };
    long long before = nanoseconds(CLOCK_MONOTONIC), day = nanoseconds(CLOCK_REALTIME);
    yes("monotonic clock runs", before >= 0);
    yes("it is later than 2024", day > 1704067200LL * 1000000000LL);
    yes("the clock has a resolution", clock_getres(CLOCK_MONOTONIC, &resolution) == 0);
    yes("nanosleep returns 0", nanosleep(&pause, NULL) == 0);
    long long slept = nanoseconds(CLOCK_MONOTONIC) - before;
    yes("it slept 20 ms at least", slept >= 20000000);
    yes("and not ten seconds", slept < 10000000000LL);

    unsigned char a[64] = { 0 }, b[64] = { 0 };
    yes("random bytes", getentropy(a, sizeof a) == 0 && getentropy(b, sizeof b) == 0);
    yes("two draws differ", memcmp(a, b, sizeof a) != 0);
    return 0;
}
