// Trap: the call stack is exhausted. The recursion uses no linear memory of its own, so that it ends in the engine's
// guard and not by running over the C stack.
#include <stdio.h>

static volatile int depth;

__attribute__((noinline)) static int down(int n) {
    depth = n;
    return down(n + 1) + depth;
}

int main(void) {
    printf("going down\n");
    fflush(stdout);
    return down(0);
}
