// Values of every kind of C type, at ten marked stops. Before each stop the program prints what its variables
// hold, one line each: `STOP: EXPRESSION = VALUE`, written as a debugger would write it. So every build of it
// says what a debugger has to show.
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>
#include <wchar.h>

#define NOINLINE __attribute__((noinline))

/* Prints one value. */
static NOINLINE void say(const char *stop, const char *name, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    printf("%s: %s = ", stop, name);
    vprintf(format, list);
    putchar('\n');
    va_end(list);
}

/* What is passed here has to be in memory while the program is stopped. */
static NOINLINE void stop(const void *kept)
{
    __asm__ volatile("" : : "r"(kept) : "memory");
}

enum colour { RED, GREEN = 5, BLUE = -1 };
enum rights { NONE = 0, READ = 1, WRITE = 2, RUN = 4 };
enum faces { PLAIN = 0, BOLD = 1, SLANTED = 2, UNDERLINED = 4, STRONG = 3, ALL = 7 };
typedef struct { float x, y; } point;

union word {
    uint32_t whole;
    uint8_t bytes[4];
    float real;
};

/* A register of a device: one word, or its fields. */
union control {
    uint32_t raw;
    struct {
        uint32_t mode : 3;
        int32_t level : 5;
        uint32_t : 4;
        uint32_t count : 12;
        bool ready : 1;
        enum rights rights : 3;
    };
};

struct shape {
    int kind;
    union {
        struct { float radius; };
        struct { float width, height; };
    };
    struct {
        short left;
        struct { short deep; };
    };
    point at;
};

struct packet {
    uint16_t len;
    uint16_t kind;
    int data[];
};

struct node {
    int value;
    struct node *next;
};

typedef int (*operation)(int, int);

static int calls;
const char *program = "values";
static int add(int a, int b) { calls++; return a + b; }
static int subtract(int a, int b) { calls++; return a - b; }

static NOINLINE void scalars(int n)
{
    bool truth = n == 1;
    char letter = 'a' + n;
    signed char minus = -n;
    unsigned char high = 200 + n;
    short s = -2 * n;
    unsigned short us = 65535 - n;
    int i = -3 * n;
    unsigned u = 4000000000u + n;
    long l = -5 * n;
    long long ll = -6000000000 * n;
    unsigned long long ull = 18446744073709551615ull - n;
    float f = 1.5f * n;
    double d = -0.25 * n;
    float _Complex z = __builtin_complex(1.5f, 2.5f * n);
    say("scalars", "n", "%d", n);
    say("scalars", "truth", "%s", truth ? "true" : "false");
    say("scalars", "letter", "'%c' (%d)", letter, letter);
    say("scalars", "minus", "%d", minus);
    say("scalars", "high", "%d", high);
    say("scalars", "s", "%d", s);
    say("scalars", "us", "%d", us);
    say("scalars", "i", "%d", i);
    say("scalars", "u", "%u", u);
    say("scalars", "l", "%ld", l);
    say("scalars", "ll", "%lld", ll);
    say("scalars", "ull", "%llu", ull);
    say("scalars", "f", "%.1f", f);
    say("scalars", "d", "%.2f", d);
    say("scalars", "z", "%.1f + %.1fi", __real__ z, __imag__ z);
    stop(&z); // stop: scalars
    say("scalars again", "n", "%d %d %d %g", n, i, letter, d);
}

static NOINLINE void texts(int n)
{
    char text[] = "hello";
    char padded[12] = "pad";
    char full[4] = { 'f', 'u', 'l', 'l' };
    char parted[6] = { 'a', 'b', 0, 'c' };
    const char *string = n == 1 ? "wor\"ld" : "other";
    const char *nothing = NULL;
    text[0] = 'H';
    say("texts", "text", "\"%s\"", text);
    say("texts", "padded", "\"%s\"", padded);
    say("texts", "full", "\"%.4s\"", full);
    say("texts", "parted", "\"%s\\0%s\"", parted, parted + 3);
    say("texts", "string", "%p \"wor\\\"ld\"", string);
    say("texts", "nothing", "%s", nothing ? nothing : "NULL");
    say("texts", "program", "%p \"%s\"", program, program);
    const void *kept[] = { text, padded, full, parted, string };
    stop(kept); // stop: texts
    say("texts again", "string", "%s %s", string, text);
}

static NOINLINE void arrays(int n)
{
    int row[5] = { 1, 2, 3, 4, 5 * n };
    int grid[2][3] = { { 1, 2, 3 }, { 4, 5, 6 * n } };
    short cube[2][2][2] = { { { 1, 2 }, { 3, 4 } }, { { 5, 6 }, { 7, 8 * n } } };
    point points[2] = { { 1, 2 }, { 3, 4.5f * n } };
    int many[250] = { 10, 11, [249] = 99 };
    say("arrays", "row", "{%d, %d, %d, %d, %d}", row[0], row[1], row[2], row[3], row[4]);
    say("arrays", "row[4]", "%d", row[4]);
    say("arrays", "grid", "{{%d, %d, %d}, {%d, %d, %d}}", grid[0][0], grid[0][1], grid[0][2], grid[1][0],
        grid[1][1], grid[1][2]);
    say("arrays", "grid[1]", "{%d, %d, %d}", grid[1][0], grid[1][1], grid[1][2]);
    say("arrays", "cube", "{{{%d, %d}, {%d, %d}}, {{%d, %d}, {%d, %d}}}", cube[0][0][0], cube[0][0][1],
        cube[0][1][0], cube[0][1][1], cube[1][0][0], cube[1][0][1], cube[1][1][0], cube[1][1][1]);
    say("arrays", "cube[1][1][0]", "%d", cube[1][1][0]);
    say("arrays", "points", "{{x = %.1f, y = %.1f}, {x = %.1f, y = %.1f}}", points[0].x, points[0].y,
        points[1].x, points[1].y);
    say("arrays", "many[249]", "%d", many[249]);
    const void *kept[] = { row, grid, cube, points, many };
    stop(kept); // stop: arrays
    say("arrays again", "row", "%d", row[n] + grid[n][n] + many[n]);
}

static NOINLINE void records(int n)
{
    point at = { 1.5f * n, -2.5f };
    struct shape round = { .kind = 1, .radius = 2.5f * n, .left = 3, .deep = 4, .at = { 5, 6 } };
    struct shape *to = &round;
    say("records", "at", "{x = %.1f, y = %.1f}", at.x, at.y);
    say("records", "round.kind", "%d", round.kind);
    say("records", "round.radius", "%.1f", round.radius);
    say("records", "round.width", "%.1f", round.width);
    say("records", "round.left", "%d", round.left);
    say("records", "round.deep", "%d", round.deep);
    say("records", "round.at", "{x = %.1f, y = %.1f}", round.at.x, round.at.y);
    say("records", "to->at.y", "%.1f", to->at.y);
    say("records", "to", "%p", (void *)to);
    const void *kept[] = { &at, &round };
    stop(kept); // stop: records
    say("records again", "at", "%g", at.x + to->at.x);
}

static NOINLINE void unions(int n)
{
    union word word = { .real = 1.0f * n };
    union control control = { .raw = 0 };
    control.mode = 5;
    control.level = -3 * n;
    control.count = 1234;
    control.ready = true;
    control.rights = READ | RUN;
    say("unions", "word.whole", "%u", word.whole);
    say("unions", "word.real", "%.1f", word.real);
    say("unions", "word.bytes[3]", "%d '?'", word.bytes[3]);
    say("unions", "control.raw", "%u", control.raw);
    say("unions", "control.mode", "%d", control.mode);
    say("unions", "control.level", "%d", control.level);
    say("unions", "control.count", "%d", control.count);
    say("unions", "control.ready", "%s", control.ready ? "true" : "false");
    say("unions", "control.rights", "READ | RUN (%d)", control.rights);
    const void *kept[] = { &word, &control };
    stop(kept); // stop: unions
    say("unions again", "word", "%u %u", word.whole, control.raw);
}

static NOINLINE void pointers(int n)
{
    int value = 42 * n;
    int *pointer = &value;
    int **twice = &pointer;
    int row[3] = { 7, 8, 9 };
    int (*of_row)[3] = &row;
    void *untyped = &value;
    struct node last = { 2, NULL }, first = { 1, &last };
    struct node ring = { 3, &ring };
    operation how = n == 1 ? add : subtract;
    operation table[2] = { add, subtract };
    int result = how(value, table[1](2, 1));
    say("pointers", "value", "%d", value);
    say("pointers", "pointer", "%p", (void *)pointer);
    say("pointers", "*pointer", "%d", *pointer);
    say("pointers", "**twice", "%d", **twice);
    say("pointers", "(*of_row)[2]", "%d", (*of_row)[2]);
    say("pointers", "untyped", "%p", untyped);
    say("pointers", "first.next->value", "%d", first.next->value);
    say("pointers", "last.next", "NULL");
    say("pointers", "ring.next->next->value", "%d", ring.next->next->value);
    say("pointers", "how", "add");
    say("pointers", "table", "{add, subtract}");
    say("pointers", "calls", "%d", calls);
    say("pointers", "result", "%d", result);
    const void *kept[] = { &pointer, &twice, &first, &ring, &how, table, &untyped, of_row };
    stop(kept); // stop: pointers
    say("pointers again", "result", "%d %d", result, value);
}

static NOINLINE void enums(int n)
{
    enum colour green = n == 1 ? GREEN : RED;
    enum colour blue = -n;
    enum colour odd = (enum colour)(7 * n);
    enum rights rights = READ | (n == 1 ? RUN : 0);
    enum faces face = BOLD | (n == 1 ? UNDERLINED : 0);
    enum faces both = BOLD | (n == 1 ? SLANTED : 0);
    enum rights none = NONE;
    enum rights beyond = (enum rights)(8 * n);
    say("enums", "green", "GREEN");
    say("enums", "blue", "BLUE");
    say("enums", "odd", "%d (no name)", odd);
    say("enums", "rights", "READ | RUN (%d)", rights);
    say("enums", "face", "BOLD | UNDERLINED (%d)", face);
    say("enums", "both", "STRONG");
    say("enums", "none", "NONE");
    say("enums", "beyond", "%d (no name)", beyond);
    const void *kept[] = { &green, &blue, &odd, &rights, &face, &both, &none, &beyond };
    stop(kept); // stop: enums
    say("enums again", "green", "%d %d %d %d", green, blue, odd, rights);
}

static NOINLINE void lengths(int n)
{
    int room[n + 2];
    short square[n + 1][n + 2];
    struct packet *packet = malloc(sizeof *packet + 3 * sizeof packet->data[0]);
    packet->len = 3;
    packet->kind = 9;
    for (int i = 0; i < n + 2; i++) {
        room[i] = packet->data[i] = i * i;
        for (int j = 0; j < n + 1; j++)
            square[j][i] = 10 * j + i;
    }
    say("lengths", "room", "{%d, %d, %d}", room[0], room[1], room[2]);
    say("lengths", "room[2]", "%d", room[2]);
    say("lengths", "square", "{{%d, %d, %d}, {%d, %d, %d}}", square[0][0], square[0][1], square[0][2],
        square[1][0], square[1][1], square[1][2]);
    say("lengths", "square[1][2]", "%d", square[1][2]);
    say("lengths", "square[1]", "{%d, %d, %d}", square[1][0], square[1][1], square[1][2]);
    say("lengths", "packet->len", "%d", packet->len);
    say("lengths", "packet->data[2]", "%d", packet->data[2]);
    const void *kept[] = { room, square, packet };
    stop(kept); // stop: lengths
    say("lengths again", "room", "%d", room[n] + square[n][n]);
    free(packet);
}

static NOINLINE void wide(int n)
{
    const wchar_t *wide = L"wide \u00fc";
    wchar_t buffer[8] = L"buffer";
    const char16_t *sixteen = u"sixteen \U0001F600";
    char32_t few[4] = { U'f', U'e', U'w' };
    char16_t letter = u'k';
    wchar_t empty[2] = { 0 };
    buffer[0] = L'B' + (n - 1);
    say("wide", "wide", "%p \"wide ü\"", (const void *)wide);
    say("wide", "buffer", "\"Buffer\"");
    say("wide", "buffer[1]", "'u' (%d)", buffer[1]);
    say("wide", "sixteen", "%p \"sixteen 😀\"", (const void *)sixteen);
    say("wide", "few", "\"few\"");
    say("wide", "letter", "'k' (%d)", letter);
    say("wide", "empty", "\"\"");
    const void *kept[] = { &wide, buffer, &sixteen, few, &letter, empty };
    stop(kept); // stop: wide
    say("wide again", "buffer", "%d", buffer[n] + empty[0]);
}

static NOINLINE void blocks(int n)
{
    static int visits = 40;
    int sum = n;
    visits++;
    for (int i = 0; i < n + 2; i++) {
        int squared = i * i;
        {
            float sum = squared + 0.5f;
            if (i == 2 * n) {
                say("blocks", "visits", "%d", visits);
                say("blocks", "i", "%d", i);
                say("blocks", "squared", "%d", squared);
                say("blocks", "sum", "%.1f", sum);
                stop(&sum); // stop: blocks
            }
        }
        sum += squared;
    }
    say("blocks again", "sum", "%d", sum);
}

static NOINLINE int deep(int n, int below)
{
    int here = n * 10 + below;
    if (n == 0) {
        say("recursion", "n", "%d", n);
        say("recursion", "below", "%d", below);
        say("recursion", "here", "%d", here);
        stop(&here); // stop: recursion
        return here;
    }
    int rest = deep(n - 1, here);
    return rest + here;
}

static _Thread_local int own = 5;
static _Thread_local int own_zero;

static NOINLINE void threads(int n)
{
    own += n;
    own_zero = 7 * n;
    say("threads", "own", "%d", own);
    say("threads", "own_zero", "%d", own_zero);
    say("threads", "own + own_zero", "%d", own + own_zero);
    stop(&own); // stop: threads
    stop(&own_zero);
}

int main(int argc, char **argv)
{
    (void)argv;
    scalars(argc);
    texts(argc);
    arrays(argc);
    records(argc);
    unions(argc);
    pointers(argc);
    enums(argc);
    lengths(argc);
    blocks(argc);
    wide(argc);
    threads(argc);
    say("done", "deep", "%d", deep(3, 0));
    return 0;
}
