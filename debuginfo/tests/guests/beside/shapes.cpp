// Types in type units, and sources in the line table.
//
//   clang++ --target=wasm32 -O0 -gdwarf-4 -fdebug-types-section -fdebug-compilation-dir=/build -c shapes.cpp
//   wasm-ld --no-entry --export=run shapes.o -o signature4.wasm        (and the same with -gdwarf-5)
//   clang++ --target=wasm32 -O0 -gdwarf-5 -gembed-source -fdebug-compilation-dir=/build -c shapes.cpp
//   wasm-ld --no-entry --export=run shapes.o -o embedded.wasm
namespace geometry {
struct Point {
    int x;
    int y;
};
}

extern "C" int run(int n) {
    geometry::Point point = {n, 2 * n};
    return point.x + point.y;
}
