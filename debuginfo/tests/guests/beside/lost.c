// clang --target=wasm32 -O2 -g -fdebug-compilation-dir=/build -c lost.c && wasm-ld --no-entry --export=out lost.o -o lost.wasm
static int shift(int a, int unused, int b) { int twice = a * 2; int dead = unused * 7; for (int i = 0; i < 3; i++) twice += b; return twice; }
int out(int *p, int n) { int acc = 0; for (int k = 0; k < n; k++) { int tmp = shift(p[k], k, n); acc += tmp; } return acc; }
