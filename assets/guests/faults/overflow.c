// Trap: integer overflow. The one signed division whose result does not fit.
#include <limits.h>
#include <stdio.h>

static int divide(int left, int right) {
    return left / right;
}

int main(void) {
    printf("%d\n", divide(INT_MIN, 2));
    fflush(stdout);
    printf("%d\n", divide(INT_MIN, -1));
    return 0;
}
