// Trap: bad conversion. Not a number has no integer value. (Built with -mno-nontrapping-fptoint and written with the
// plain instruction, since C's own cast is guarded by the compiler.)
#include <stdio.h>

static int whole(double x) {
    int result;
    __asm__("local.get %1\n i32.trunc_f64_s\n local.set %0" : "=r"(result) : "r"(x));
    return result;
}

int main(void) {
    volatile double zero = 0;
    printf("%d\n", whole(-41.9));
    fflush(stdout);
    printf("%d\n", whole(zero / zero));
    return 0;
}
