// Trap: integer overflow by a conversion. The number is there, but too large for 32 bits.
#include <stdio.h>

static unsigned whole(float x) {
    unsigned result;
    __asm__("local.get %1\n i32.trunc_f32_u\n local.set %0" : "=r"(result) : "r"(x));
    return result;
}

int main(void) {
    volatile float large = 4294967040.0f;
    printf("%u\n", whole(large));
    fflush(stdout);
    printf("%u\n", whole(large * 2));
    return 0;
}
