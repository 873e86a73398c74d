// Half of a program in split debug info; `hidden` is only declared here, and described by hidden.c.
//
//   for v in 4 5; do
//     for f in pair hidden; do
//       clang --target=wasm32 -O0 -gdwarf-$v -gsplit-dwarf -fdebug-compilation-dir=/build -c $f.c -o $f$v.o
//     done
//     wasm-ld --no-entry --export=run pair$v.o hidden$v.o -o split$v.wasm
//     llvm-dwp pair$v.dwo hidden$v.dwo -o split$v.dwp
//   done
struct hidden;
extern struct hidden *shared;
struct pair {
    int left;
    int right;
};

int twice(struct pair *p) {
    int sum = p->left + p->right;
    return sum * 2;
}

int run(int n) {
    struct pair p = {n, n + 1};
    struct hidden *h = shared;
    return twice(&p) + (h != 0);
}
