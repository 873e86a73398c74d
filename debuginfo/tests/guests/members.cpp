// Static members, template parameters and what an object is, in memory as it is before anything runs. Built once by
//
//   clang++-19 --target=wasm32 -O0 -g -fstandalone-debug -std=c++20 -nostdlib -fno-exceptions
//     -ffile-prefix-map=$PWD=/guests -fdebug-compilation-dir=/guests -Wl,--no-entry -Wl,--export-all members.cpp
//     -o members_cpp.wasm

// Where the descriptions of types point; nobody calls what is there.
extern "C" void *_ZTVN10__cxxabiv117__class_type_infoE[4] = {};
extern "C" void *_ZTVN10__cxxabiv120__si_class_type_infoE[4] = {};
extern "C" void *_ZTVN10__cxxabiv121__vmi_class_type_infoE[4] = {};

constexpr int WIDTH = 12;
int N = 99;

struct Named {
    virtual int name() const { return 1; }
    int named = 10;
};
struct Sized {
    virtual int size() const { return 2; }
    int sized = 20;
};
struct Dog : Named {
    int name() const override { return 3; }
    int dog = 30;
    static int count;
    static constexpr unsigned legs = 4;
    inline static double rate = 2.5;
};
int Dog::count = 5;
struct Puppy : Dog, Sized {
    int size() const override { return 4; }
    int puppy = 40;
};
struct Twice : Dog {
    int twice = 50;
};
struct OtherDog : Dog {
    int other = 60;
};
// Two parts that are a Dog.
struct Both : Twice, OtherDog {
    int both = 70;
};

Named plain;
Puppy puppy;
Both both;
Named *animals[] = {&plain, &puppy, static_cast<Twice *>(&both)};
Sized *sized = &puppy;
Twice *twice = &both;
OtherDog *other = &both;

template <int N, typename T> struct Row {
    T cells[N];
    inline static int made = N;
    int length() const { return N + sizeof(T); }
};
Row<3, short> row = {{1, 2, 3}};
Row<5, char> other_row = {{}};

namespace left {
int counter = 1;
int bump() { return ++counter; }
}
namespace right {
int counter = 2;
int bump() { return ++counter; }
}
int calls() {
    static int number = 7;
    return ++number;
}

namespace shadows {
int shading() {
    static int shade = 2;
    return ++shade;
}
int shade = 1;
int shaded() { return ++shade; }
}
int kept = 100;
int keeping(int more) {
    static int kept = 5;
    auto sum = [&](int most) { return kept + most + more; };
    return sum(3);
}

template <typename T> T widened(T value) { return value + 1; }

int entry() {
    return row.length() + other_row.length() + Row<3, short>::made + Row<5, char>::made + left::bump() +
           right::bump() + calls() + shadows::shading() +
           shadows::shaded() + keeping(kept) + widened<long long>(1) + WIDTH + Dog::count + Dog::legs + (int)Dog::rate + N +
           animals[0]->name() + sized->size() + twice->twice + other->other;
}
