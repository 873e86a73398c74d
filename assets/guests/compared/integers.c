// Integer and conversion instructions on 4,000 pairs of pseudo-random operands, folded into one number, told after every 200.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state = 88172645463325252u;

static uint64_t next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint64_t hash = 14695981039346656037u;

static void fold(uint64_t value) { hash = (hash ^ value) * 1099511628211u; }

static void fold_double(double value) {
    union {
        double value;
        uint64_t bits;
    } u = {value};
    fold(u.bits);
}

static void fold_float(float value) {
    union {
        float value;
        uint32_t bits;
    } u = {value};
    fold(u.bits);
}

static void wide(int64_t a, int64_t b) {
    uint64_t ua = (uint64_t)a, ub = (uint64_t)b;
    fold(ua + ub), fold(ua - ub), fold(ua * ub);
    fold(a / b), fold(a % b), fold(ua / ub), fold(ua % ub);
    fold(ua << (b & 63)), fold(a >> (b & 63)), fold(ua >> (b & 63)), fold(ua << (b & 63) | ua >> (-ub & 63));
    fold(__builtin_clzll(ub)), fold(__builtin_ctzll(ub)), fold(__builtin_popcountll(ua)), fold(__builtin_bswap64(ua));
    fold((uint64_t)(int8_t)a), fold((uint64_t)(int16_t)a), fold((uint64_t)(int32_t)a), fold((uint16_t)a);
    fold(a < b), fold(ua < ub), fold(a >= b), fold(ua >= ub), fold(a == b);
}

static void narrow(int32_t a, int32_t b) {
    uint32_t ua = (uint32_t)a, ub = (uint32_t)b;
    fold(ua + ub), fold(ua * ub), fold((uint32_t)(a / b)), fold((uint32_t)(a % b)), fold(ua / ub), fold(ua % ub);
    fold(ua << (b & 31)), fold((uint32_t)(a >> (b & 31))), fold(ua >> (b & 31)), fold(ua << 7 | ua >> 25);
    fold(__builtin_clz(ub)), fold(__builtin_ctz(ub)), fold(__builtin_popcount(ua)), fold(__builtin_bswap32(ua));
    fold(a < b), fold(ua >= ub);
    int32_t out;
    fold(__builtin_add_overflow(a, b, &out)), fold((uint32_t)out);
    fold(__builtin_mul_overflow(a, b, &out)), fold((uint32_t)out);
}

static void convert(int64_t a, int64_t b) {
    double x = (double)a, y = (double)(uint64_t)b;
    float z = (float)a, w = (float)(uint32_t)b;
    fold_double(x + y), fold_double(x - y), fold_double(x * y), fold_double(x / y);
    fold_float(z * w), fold_float(z / (w + 1)), fold_float((float)y), fold_double(z);
    fold((uint64_t)(int64_t)(x / 4)), fold((uint32_t)(int32_t)(z / 1e12f)), fold((uint32_t)(w / 2)),
        fold((uint64_t)(y / 2));
    fold(x < y), fold(z > w), fold(x == z);
}

int main(void) {
    for (int i = 0; i < 4000; i++) {
        int64_t a = (int64_t)next(), b = (int64_t)next();
        if (i % 3 == 0) b >>= 40;
        if (i % 7 == 0) a >>= 50;
        if (i % 11 == 0) a = INT64_MIN;
        if (b == 0 || b == -1) b = 3;
        int32_t c = (int32_t)a, d = (int32_t)b;
        if (d == 0 || d == -1) d = 5;
        wide(a, b);
        narrow(c, d);
        convert(a, b);
        if (i % 200 == 199) printf("%016llx\n", (unsigned long long)hash);
    }
    return 0;
}
