// Takes all the memory it may have, touches it, and then goes on asking.
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    const unsigned step = 1 << 20;
    unsigned held = 0;
    int refused = 0;
    for (;;) {
        char *piece = malloc(step);
        if (piece == NULL) {
            if (!refused) {
                printf("refused after %u MiB\n", held);
                fflush(stdout);
            }
            refused = 1;
            continue;
        }
        for (unsigned i = 0; i < step; i += 4096) piece[i] = (char)held;
        held++;
    }
}
