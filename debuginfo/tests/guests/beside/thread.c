// clang --target=wasm32 -matomics -mbulk-memory -O0 -g -fdebug-compilation-dir=/build -c thread.c
// wasm-ld --no-entry --shared-memory --max-memory=131072 --export=bump thread.o -o thread.wasm
_Thread_local int counter = 5;
_Thread_local int zero;
int bump(void) { zero++; return ++counter; }
