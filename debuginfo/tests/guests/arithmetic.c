// What clang makes of expressions: each constant has the type and the value that C gives its expression. The test
// evaluates the same text and compares. Built once by
//
//   clang-19 --target=wasm32 -O0 -g -gdwarf-5 -nostdlib -ffile-prefix-map=$PWD=/guests -Wno-everything
//     -fdebug-compilation-dir=/guests -Wl,--no-entry -Wl,--export-all arithmetic.c -o arithmetic.wasm
//
// and once more with --target=wasm64 as arithmetic64.wasm.

#define CHECK(name, ...) __typeof__(__VA_ARGS__) name = (__VA_ARGS__);
// Of what is no constant, the value as C has it.
#define CHECK_AS(name, value, ...) __typeof__(__VA_ARGS__) name = value;

typedef unsigned char byte;
typedef struct { int x; double y; } pair;
struct node { struct node *next; int values[3]; };
enum colour { RED, GREEN = 5, BLUE = -1 };
pair one = { 1, 2.5 };

// Integer promotion and the usual conversions.
CHECK(a01, (unsigned char)200 + (unsigned char)100)
CHECK(a02, (signed char)-1 + 1u)
CHECK(a03, (short)-1 < (unsigned short)1)
CHECK(a04, -1 < 0u)
CHECK(a05, -1LL < 0u)
CHECK(a06, 1L + 1)
CHECK(a07, 1L + 1u)
CHECK(a08, 1ul + 1ll)
CHECK(a09, 1ull - 2)
CHECK(a10, 4000000000u + 4000000000u)
CHECK(a11, 0x7fffffff + 0u)
CHECK(a12, (char)200)
CHECK(a13, (unsigned char)300)
CHECK(a14, (unsigned)-1)
CHECK(a15, (long long)(unsigned)-1)
CHECK(a16, (unsigned long long)-1)
CHECK(a17, (_Bool)5 + 1)
CHECK(a18, !5)
CHECK(a19, !!5)
CHECK(a20, ~0)
CHECK(a21, ~(unsigned char)0)
CHECK(a22, -(unsigned)1)
CHECK(a23, +(short)7)
CHECK(a24, 'a' + 1)
CHECK(a25, '\xff')
CHECK(a26, (byte)0x1ff)

// Literals.
CHECK(b01, 2147483647)
CHECK(b02, 2147483648)
CHECK(b03, 0xffffffff)
CHECK(b04, 0x100000000)
CHECK(b05, 0xffffffffffffffff)
CHECK(b06, 017)
CHECK(b07, 1.5f)
CHECK(b08, 1.5)
CHECK(b09, 1e3)
CHECK(b10, 5l)
CHECK(b11, 5ull)
CHECK(b12, 0b1010)
CHECK(b13, L'\xff')
CHECK(b14, L'\u00e4')
CHECK(b15, u'\u20ac')
CHECK(b16, U'\U0001f600')
CHECK(b17, '\377')
CHECK(b18, '\0')
CHECK(b19, u'a' - 98)
CHECK(b20, U'a' - 98)
CHECK(b21, L'a' - 98)
CHECK(b22, 4294967296)
CHECK(b23, 9223372036854775807)
CHECK(b24, 2147483648u)
CHECK(b25, 0x80000000l)
CHECK(b26, 0777777777777777777777)
CHECK(b27, 1.00000017881393432617187499f)
CHECK(b28, 1.e2f)
CHECK(b29, .5e-1)
CHECK(b30, 0x1.8p3)
CHECK(b31, 0x1p-1022)
CHECK(b32, 0x.8p0f)
CHECK(b33, 0x1.fffffffffffffp1023)
CHECK(b34, 0xap+2 + 0xa)
CHECK(b35, 0x0p5)

// Division, remainder, shifts.
CHECK(c01, -7 / 2)
CHECK(c02, -7 % 2)
CHECK(c03, 7 / -2)
CHECK(c04, 7 % -2)
CHECK(c05, 7u / 2)
CHECK(c06, -7 / 2u)
CHECK(c07, 1 << 31 >> 31)
CHECK(c08, 1u << 31 >> 31)
CHECK(c09, -8 >> 1)
CHECK(c10, (unsigned char)255 << 4)
CHECK(c11, 1ll << 40)
CHECK(c12, 1 << 4ll)
CHECK(c13, -1ll >> 63)

// Bits and logic.
CHECK(d01, 6 & 3 | 8 ^ 1)
CHECK(d02, 6 & 3 == 3)
CHECK(d03, (6 & 3) == 2)
CHECK(d04, 1 && 0 || 1)
CHECK(d05, 1 || 1 && 0)
CHECK(d06, 0xf0u & -16)
CHECK(d07, 1 < 2 == 1)
CHECK(d08, 5 > 3 > 1)
CHECK(d09, 2 + 3 * 4 - 6 / 2)
CHECK(d10, (2 + 3) * (4 - 6))
CHECK(d11, -2 - -3)
CHECK(d12, 1 ? 2 : 3ll)
CHECK(d13, 0 ? 2 : 3)

// Floating point.
CHECK(e01, 1.5f + 1)
CHECK(e02, 1.5f + 1.5)
CHECK(e03, 0.1f * 3)
CHECK(e04, 0.1f * 3.0)
CHECK(e05, 1 / 3.0)
CHECK(e06, (int)-1.9)
CHECK(e07, (unsigned char)200.7)
CHECK(e08, (float)16777217)
CHECK(e09, (float)9007199791611905ll)
CHECK(e10, (double)0xffffffffffffffff)
CHECK(e11, 1.0 == 1)
CHECK(e12, -0.0 < 0.0)
CHECK(e13, !0.5)
CHECK(e14, (long long)1e15 + 1)
CHECK(e15, 3000000000u * 1.0f)
CHECK(e16, 1e308 * 10)

enum level { LOW, HIGH = 7 };
enum level level = HIGH;
struct { enum level narrow : 4; unsigned bits : 3; long long wide : 40; int low : 5; _Bool flag : 1; } packed = { HIGH, 5, -3, -3, 1 };

// Sizes and enumerators.
CHECK(f01, sizeof(int))
CHECK(f02, sizeof(struct node))
CHECK(f03, sizeof(pair))
CHECK(f04, sizeof(char[7]))
CHECK(f05, sizeof(struct node *))
CHECK(f06, sizeof 1ll)
CHECK(f07, sizeof(long) * 3)
CHECK(f08, BLUE + 1)
CHECK(f09, GREEN * 2)
CHECK(f10, (enum colour)5)
CHECK(f11, RED - 1u)
CHECK(f12, sizeof(enum colour))
CHECK(f13, sizeof("abc"))
CHECK(f14, sizeof a01 + sizeof(b05))
CHECK(f15, +HIGH)
CHECK(f16, HIGH - 9)
CHECK(f17, LOW > -1)
CHECK_AS(f18, -2u, level - 9)
CHECK_AS(f19, 0, level > -1)
CHECK_AS(f20, -2, packed.narrow - 9)
CHECK_AS(f21, -8, ~packed.narrow)
CHECK(f22, (enum level)7 - 9)
CHECK_AS(f23, -4, packed.bits - 9)
CHECK_AS(f24, -12, packed.wide - 9)
CHECK_AS(f25, -6, ~packed.bits)
CHECK_AS(f26, -6u, packed.low * 2u)
CHECK_AS(f27, -1, -packed.flag)
CHECK(f28, 1 ? HIGH : 2)
CHECK(f29, sizeof(HIGH))
CHECK(f30, HIGH + 1ll)
CHECK(f31, (unsigned char)HIGH << 30)

// Pointers.
struct node nodes[4] = { { &nodes[1], { 1, 2, 3 } }, { 0, { 4, 5, 6 } } };
int grid[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
CHECK(g01, &nodes[2])
CHECK(g02, nodes + 3)
CHECK(g03, &nodes[3] - &nodes[1])
CHECK(g04, &nodes[1].values[2])
CHECK(g05, nodes[0].values + 1)
CHECK(g06, (char *)nodes + 5)
CHECK(g07, (int *)&nodes[1] + 1)
CHECK(g08, &grid[1])
CHECK(g09, &grid[1][0])
CHECK(g10, &grid[1][2])
CHECK(g11, *grid + 2)
CHECK(g12, &nodes[3] > &nodes[1])
CHECK(g13, (void *)0)
CHECK(g14, (struct node *)64)
CHECK(g15, 2 + &grid[0][0])
CHECK(g16, (unsigned char)(unsigned)((char *)&nodes[2] - (char *)&nodes[1]))
CHECK(g17, 1 ? 0 : nodes[0].next)
CHECK_AS(g18, &nodes[1], nodes[0].next ? nodes[0].next : (void *)0)
CHECK(g19, (long)&nodes[1])
CHECK(g23, (long)nodes)
CHECK(g20, &nodes[1] == (void *)0)
CHECK(g21, !&nodes[1])

struct { int count; int items[]; } flexible = { 2, { 7, 8 } };
CHECK_AS(g22, 8, flexible.items[1])
int tall[250][2] = { [249] = { 5, 6 } };

int entry(void) { return 0; }
