// Floating point: arithmetic, the mathematical library, printing and reading, with the values at the edges.
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double values[] = {
    0,
    -0.0,
    1,
    -1,
    0.1,
    1.0 / 3,
    1e10,
    1e-10,
    1e300,
    1e-300,
    DBL_MIN,
    DBL_MAX,
    5e-324,
    NAN,
    INFINITY,
    -INFINITY,
    123456789.987654321,
    2.5,
    3.5,
    0.5,
    1.5,
};

static void print(double v) {
    double moderate = fabs(v) > 1e20 ? 0 : v;
    printf("%g %f %e %a %.0f %.15g %.17g\n", v, moderate, v, v, moderate, v, v);
    printf("[%10.3f|%-12.4e|%+g|%#g|% g|%020.6f]\n", moderate, v, v, v, v, moderate);
    printf("sqrt %g sin %g cos %g exp %g log %g\n", sqrt(v), sin(v), cos(v), exp(v / 100), log(v));
    printf("floor %g ceil %g rint %g trunc %g round %g\n", floor(v), ceil(v), rint(v), trunc(v), round(v));
    printf("cbrt %g gamma %g nan %d inf %d sign %d\n", cbrt(v), tgamma(v / 100), isnan(v) != 0, isinf(v) != 0,
           signbit(v) != 0);
    float f = (float)v;
    printf("float %.9g %a sqrt %g mod %g\n", f, f, sqrtf(f), fmodf(f, 0.7f));
}

static void read(const char *text) {
    char *rest;
    double d = strtod(text, &rest);
    printf("\"%s\": %g, left \"%s\"", text, d, rest);
    long l = strtol(text, &rest, 0);
    printf(", %ld, left \"%s\", %llu %d\n", l, rest, strtoull(text, &rest, 16), atoi(text));
}

int main(void) {
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++) print(values[i]);

    static const char *const texts[] = {
        "0",    "-0",  "1e400", "0x1p-1074", "  42abc", "inf", "nan", "1e-400", ".5", "-.5e-2", "99999999999999999999",
        "0x10", "010", "z",
    };
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) read(texts[i]);

    printf("%d %u %x %X %o %c %s [%5d|%-5d|%05d|%+d|% d|%#x|%#o]\n", INT_MIN, UINT_MAX, 0xdeadbeefu, 0xbeefu, 0777, 'c',
           "text", 42, 42, 42, 42, 42, 42, 42);
    printf("%lld %llu %jd %zu %hhd %hd\n", LLONG_MIN, ULLONG_MAX, INTMAX_MIN, sizeof values, (signed char)300,
           (short)70000);
    printf("[%*d|%-*d|%.*s|%%|%5s|%-5s|%.2s]\n", 8, 5, 8, 5, 3, "abcdef", "ab", "ab", "abcdef");

    int a, b;
    unsigned x;
    char word[20];
    double d;
    float f;
    long long big;
    int read_count =
        sscanf("12 -7 hello 3.25 1e3 ff 99999999999", "%d %d %19s %lf %f %x %lld", &a, &b, word, &d, &f, &x, &big);
    printf("%d: %d %d %s %g %g %x %lld\n", read_count, a, b, word, d, f, x, big);
    printf("%d [%s]\n", sscanf("key=value;rest", "%*[^=]=%19[^;]", word), word);
    return 0;
}
