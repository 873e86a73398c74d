// Trap: integer divide by zero.
#include <stdio.h>

static int average(const int *items, int count) {
    int sum = 0;
    for (int i = 0; i < count; i++) sum += items[i];
    return sum / count;
}

int main(void) {
    int items[] = { 3, 4, 8 };
    printf("average of three: %d\n", average(items, 3));
    fflush(stdout);
    printf("average of none: %d\n", average(items, 0));
    return 0;
}
