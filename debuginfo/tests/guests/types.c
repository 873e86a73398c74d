// One variable of each kind of C type. Values stand in data segments, so nothing has to run to see them.
//
//   clang-19 --target=wasm32 -O0 -g -gdwarf-5 -nostdlib -ffile-prefix-map=$PWD=/guests
//     -fdebug-compilation-dir=/guests -Wl,--no-entry -Wl,--export-all types.c -o types5.wasm
//   the same with -gdwarf-4 -o types4.wasm, and with -gdwarf-5 -gsplit-dwarf -o split.wasm

typedef unsigned char byte;
typedef struct { float x, y; } point;
enum colour { RED, GREEN = 5, BLUE = -1 };
enum flags { NONE = 0, READ = 1, WRITE = 2, RUN = 4 };

_Bool truth = 1;
char letter = 'a';
signed char minus = -1;
unsigned char high = 200;
byte small = '\n';
short s = -2;
unsigned short us = 65535;
int i = -3;
unsigned u = 4000000000u;
long l = -5;
long long ll = -6000000000;
unsigned long long ull = 18446744073709551615u;
float f = 1.5f;
double d = -0.1;
long double ld = 2.25L;
enum colour colour = BLUE;
enum colour odd = (enum colour)7;
enum flags rights = READ | RUN;
const int fixed = 7;
volatile int vol = 8;

char text[] = "hello";
char tail[8] = "12345678";
const char *string = "wor\"ld";
const char *nothing = 0;
int row[5] = { 1, 2, 3, 4, 5 };
int grid[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
int cube[2][2][2] = { { { 1, 2 }, { 3, 4 } }, { { 5, 6 }, { 7, 8 } } };
int many[250] = { 10, 11, [249] = 99 };
point points[2] = { { 1, 2 }, { 3, 4 } };

struct bits {
    unsigned a : 3;
    int b : 5;
    unsigned long long c : 40;
    enum flags d : 4;
    _Bool e : 1;
} bits = { 5, -3, 0x123456789a, WRITE, 1 };

struct outer {
    int tag;
    union {
        int whole;
        float part;
    };
    struct {
        short left, right;
    };
    point at;
    struct outer *next;
} outer = { 1, { 0x3fc00000 }, { 2, 3 }, { 4, 5 }, &outer };

union either { int n; char c[4]; } either = { 0x64636261 };

static int add(int a, int b) { return a + b; }
int (*operation)(int, int) = add;
int (*table[2])(int, int) = { add, 0 };
void *untyped = &i;
int *pointer = &i;
int **twice = &pointer;
point *const at = &points[1];
int (*of_row)[5] = &row;
struct hidden;
struct hidden *opaque = (struct hidden *)&i;

int counted(int n) {
    static int calls = 41;
    int sum = 0;
    int room[n];
    for (int i = 0; i < n; i++) {
        int i_squared = i * i;
        room[i] = i_squared;
        sum = operation(sum, room[i]);
    }
    {
        float sum = 0.5f;
        f = sum;
    }
    calls++;
    return sum;
}
