// Trap: out of bounds memory access, by a load. An index far outside an array.
#include <stdio.h>

static int table[4] = { 10, 20, 30, 40 };

static int look_up(const int *items, unsigned index) {
    return items[index];
}

int main(int argc, char **argv) {
    (void)argv;
    unsigned index = 0x20000000u * (unsigned)argc;   // times four: 2 GiB further on
    printf("table[1] = %d\n", look_up(table, 1));
    fflush(stdout);
    printf("table[%u] = %d\n", index, look_up(table, index));
    return 0;
}
