// Names as C++ looks for them, and casts between classes, in memory as it is before anything runs. Built once by
//
//   clang++-19 --target=wasm32 -O0 -g -std=c++20 -nostdlib -fno-exceptions -ffile-prefix-map=$PWD=/guests
//     -fdebug-compilation-dir=/guests -Wl,--no-entry -Wl,--export-all scopes.cpp -o scopes_cpp.wasm

// Where the descriptions of types point; nobody calls what is there.
extern "C" void *_ZTVN10__cxxabiv117__class_type_infoE[4] = {};
extern "C" void *_ZTVN10__cxxabiv120__si_class_type_infoE[4] = {};

struct Other {
    int total() const { return kept; }
    int kept = 1;
    static int count;
};
int Other::count = 11;

int limit = 5;

namespace shop {
int limit = 6;
int total() { return limit; }
using Cents = long long;
namespace deep {
int limit = 7;
}

struct Base {
    virtual int id() const { return 1; }
    int base = 100;
    static constexpr int kMax = 10;
    static const char *label;
    static int shared;
};
int Base::shared = 3;

struct Leaf : Base {
    int id() const override { return base; }
    int leaf = 200;
    int base = 201;
    enum { A = 4, B } kind = B;
    int run() const {
        auto counted = [this](int more) { return leaf + more; };
        auto copied = [*this](int more) { return leaf + more; };
        auto nested = [this, more = 1] { return [this, more] { return leaf + more; }(); };
        return counted(1) + copied(2) + nested() + deep::limit;
    }
};

template <typename T, int N> struct Ring {
    T cells[N];
    static constexpr int cap = N;
    static int used;
    int length() const { return cap + used; }
};
template <typename T, int N> int Ring<T, N>::used = N * 2;
}

// Members with underscores before their names, beside what is called so without them.
struct Padded {
    int __len = 1;
    int len = 2;
    int __zed = 3;
    int sum() const { return __len + len + __zed; }
};
Padded padded;
int zed = 9;

// Enumerators and types of one name, in scopes of each kind.
enum Grade { A = 7, C } grade = C;
enum Color { RED = 1, GREEN } color = GREEN;
struct Painted {
    enum { RED = 50 } of = RED;
    struct Inner {
        char room[7];
    } inner = {};
    int paint() const { return of + inner.room[0]; }
};
struct Inner {
    char room[2];
} inner;
struct Room {
    char room[3];
} room;
namespace house {
struct Room {
    char room[12];
} room;
enum Color { RED = 60 } color = RED;
int enter() { return room.room[0] + color; }
namespace shop {
int limit = 8;
int enclosed() { return limit; }
}
}
Painted painted;

shop::Leaf leaf;
shop::Base plain;
shop::Base &as_base = leaf;
shop::Ring<int, 3> three = {{1, 2, 3}};
shop::Ring<char, 2> two = {{'a', 'b'}};
shop::Cents cents = 7;
short small = -2;

int entry() {
    return leaf.run() + as_base.id() + plain.id() + three.length() + two.length() + shop::total() + (int)cents + small +
           limit + leaf.kind + Other().total() + Other::count + padded.sum() + zed + grade + color + painted.paint() +
           inner.room[0] + room.room[0] + house::enter() + house::shop::enclosed();
}
