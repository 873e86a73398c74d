// As good as never ends: Fibonacci numbers by the slow definition. Calls without a loop.
#include <stdio.h>

static long long fib(int n) {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

int main(void) {
    printf("%lld\n", fib(90));
    return 0;
}
