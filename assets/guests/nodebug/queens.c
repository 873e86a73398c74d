// Eight queens, for modules without debug information: names.wasm keeps the `name` section, stripped.wasm nothing.
#include <stdio.h>

static int columns[8];

__attribute__((noinline)) static int attacked(int row, int column) {
    for (int other = 0; other < row; other++) {
        int apart = columns[other] - column;
        if (apart == 0 || apart == row - other || apart == other - row) return 1;
    }
    return 0;
}

__attribute__((noinline)) static int place(int row) {
    if (row == 8) return 1;
    int ways = 0;
    for (int column = 0; column < 8; column++) {
        if (attacked(row, column)) continue;
        columns[row] = column;
        ways += place(row + 1);
    }
    return ways;
}

int main(void) {
    printf("eight queens can stand in %d ways\n", place(0));
    return 0;
}
