// A function inlined twice: of line 14 one call has a store, the other, where nothing reads it, no more than the jump.
//
//   clang-19 --target=wasm32 -O2 -g -nostdlib -fdebug-compilation-dir=/build -Wl,--no-entry -Wl,--export=twice
//     -Wl,--allow-undefined twice.c -o twice.wasm
int work(int number);
int total, last;

static inline __attribute__((always_inline)) int pick(int count, int limit, int *at) {
    int found = 0;
    for (int i = 0; i < count; i++) {
        if (work(i) > limit) {
            total = i;
            found = limit * count;
            *at = i; break;
        }
        total += i;
    }
    return found;
}

int twice(int count, int limit) {
    int unread;
    int one = pick(count, limit, &unread);
    int two = pick(count, limit + 1, &last);
    return one - two;
}
