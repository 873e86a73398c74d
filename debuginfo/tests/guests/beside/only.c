// clang --target=wasm32 -O1 -gline-tables-only -fdebug-compilation-dir=/build -c only.c
// wasm-ld --no-entry --export=thrice only.o -o only.wasm
int thrice(int n) {
    int doubled = n + n;
    return doubled + n;
}
