// One of two units of a module, in DWARF 4; `mixed5.c` is the other, in DWARF 5.
//
//   for v in 4 5; do
//       clang-19 --target=wasm32 -O0 -g -gdwarf-$v -fdebug-compilation-dir=/build -c mixed$v.c -o mixed$v.o
//   done
//   wasm-ld-19 --no-entry --export=older mixed4.o mixed5.o -o mixed.wasm
struct pair {
    int left, right;
};

int newer(struct pair *pair);

int older(int number) {
    struct pair pair = {number, 2 * number};
    int sum = newer(&pair);
    return sum + pair.right;
}
