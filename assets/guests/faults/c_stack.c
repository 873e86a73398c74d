// Recursion with a big frame: the C stack in linear memory runs out, and the stack pointer wraps below address 0 into
// an out of bounds store. C programs usually end like this, before the engine's own stack is full.
#include <stdio.h>
#include <string.h>

static int down(int n) {
    char page[4096];
    memset(page, n, sizeof page);
    return down(n + 1) + page[n & 4095];
}

int main(void) {
    printf("going down with a page at each step\n");
    fflush(stdout);
    return down(0);
}
