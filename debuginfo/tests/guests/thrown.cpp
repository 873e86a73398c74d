// A function that catches, optimized: `third` has the local of `count`, of which the debug information says on.
//
//   clang++-19 --target=wasm32 -O2 -g -fwasm-exceptions -fdebug-compilation-dir=/build -nostdlib -Wl,--no-entry
//     -Wl,--export=_Z6throwni -Wl,--allow-undefined thrown.cpp -o thrown.wasm
int work(int number);
void keep(int number);

int thrown(int count) {
    int first = work(count);
    keep(first);
    try {
        int second = work(count + 1);
        keep(second);
        keep(second + 1);
    } catch (int number) {
        keep(number);
        return 1;
    }
    int third = work(count + 2);
    keep(third);
    keep(third * 3);
    return 0;
}
