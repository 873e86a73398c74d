// What clang makes of expressions of C++ that mean something else in C, as `arithmetic.c` has those of C. Built once by
//
//   clang++-19 --target=wasm32 -O0 -g -gdwarf-5 -nostdlib -ffile-prefix-map=$PWD=/guests -Wno-everything
//     -fdebug-compilation-dir=/guests -Wl,--no-entry -Wl,--export-all arithmetic.cpp -o arithmetic_cpp.wasm

#define CHECK(name, ...) __typeof__(__VA_ARGS__) name = (__VA_ARGS__);

enum level { LOW, HIGH = 7 };
enum far : unsigned long long { NEAR, FAR = 1ull << 40 };
enum byte_sized : unsigned char { SMALL = 200 };
enum signed_level { BELOW = -1, ABOVE };
enum class scoped : unsigned { ONE = 1, TOP = 0x80000000 };

// The debug information has the enumerations of variables.
level high = HIGH;
far distance = FAR;
byte_sized small = SMALL;
signed_level above = ABOVE;
scoped top = scoped::TOP;

// Literals.
CHECK(a01, 'a')
CHECK(a02, '\xff')
CHECK(a03, L'a')
CHECK(a04, L'€')
CHECK(a05, u'€')
CHECK(a06, U'😀')
CHECK(a07, 'a' + 1)
CHECK(a08, L'a' - 98)
CHECK(a09, u'a' - 98)
CHECK(a10, U'a' - 98)
CHECK(a11, 1'000'000)
CHECK(a12, 0b1'0000)
CHECK(a13, sizeof('a'))
CHECK(a14, sizeof(L'a'))
CHECK(a15, true)
CHECK(a16, true + true)
CHECK(a17, -true)
CHECK(a18, !5)
CHECK(a19, 1 < 2)
CHECK(a20, (1 < 2) + 1)

// Enumerations.
CHECK(b01, HIGH - 9)
CHECK(b02, LOW > -1)
CHECK(b03, FAR - 9)
CHECK(b04, NEAR - 9)
CHECK(b05, SMALL << 4)
CHECK(b06, ABOVE - 1)
CHECK(b07, BELOW < 0u)
CHECK(b08, ~HIGH)
CHECK(b09, (long long)scoped::TOP)
CHECK(b10, (int)scoped::ONE - 2)
CHECK(b11, HIGH * 2u)
CHECK(b12, static_cast<unsigned char>(300) + 1)

// Choices.
CHECK(c01, 1 ? 'a' : 'b')
CHECK(c02, 1 ? true : false)
CHECK(c03, 1 ? 'a' : 1)
CHECK(c04, 1 ? HIGH : 2)
CHECK(c05, 0 ? 1u : -1)

extern "C" int entry() { return 0; }
