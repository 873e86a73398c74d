// Trap: out of bounds memory access, by a store. A fill that never looks at the length.
#include <stdio.h>

static char buffer[16];

static void fill(char *to, char with) {
    for (unsigned i = 0;; i++)
        to[i] = with;        // runs over everything behind `buffer` to the end of memory
}

int main(void) {
    printf("filling %u bytes\n", (unsigned)sizeof buffer);
    fflush(stdout);
    fill(buffer, 'x');
    return 0;
}
