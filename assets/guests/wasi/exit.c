// Ends with the exit code that its first argument names (42 without one), by exit() from a nested call.
#include <stdio.h>
#include <stdlib.h>

static void leave(int code) {
    printf("leaving with %d\n", code);
    exit(code);
}

int main(int argc, char **argv) {
    leave(argc > 1 ? atoi(argv[1]) : 42);
}
