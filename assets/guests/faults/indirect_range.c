// Trap: an indirect call outside the table. An integer is taken for a function pointer.
#include <stdio.h>

typedef int (*unary)(int);

static int apply(unary function, int n) {
    return function(n);
}

int main(int argc, char **argv) {
    (void)argv;
    printf("calling function number %d\n", 1000000 * argc);
    fflush(stdout);
    return apply((unary)(1000000u * (unsigned)argc), 3);
}
