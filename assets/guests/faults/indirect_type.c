// Trap: an indirect call to a function of another type.
#include <stdio.h>

typedef int (*unary)(int);

static int twice(int n) { return 2 * n; }
static double halve(double x) { return x / 2; }

static int apply(unary function, int n) {
    return function(n);
}

int main(void) {
    printf("twice: %d\n", apply(twice, 21));
    printf("half of one is %.1f\n", halve(1));
    fflush(stdout);
    double (*volatile wrong)(double) = halve;
    printf("halve: %d\n", apply((unary)(void *)wrong, 21));
    return 0;
}
