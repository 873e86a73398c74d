// clang++ --target=wasm32 -O0 -g -std=c++20 -fno-exceptions -fno-rtti -fdebug-compilation-dir=/build -c kinds.cpp
//     && wasm-ld --no-entry --export=kinds --allow-undefined kinds.o -o kinds_cpp.wasm
namespace outer {
struct Base {
    virtual ~Base() {}
    virtual int area() const { return 0; }
    int id = 1;
};
struct Left : virtual Base { int left = 2; };
struct Right : virtual Base { int right = 3; };
struct Both : Left, Right {
    int area() const override { return 4; }
    int both = 5;
};
template <typename T, int N> struct Array {
    T elements[N];
    union { T first; unsigned char bytes[sizeof(T)]; };
};
enum class Colour : unsigned char { red = 1, green = 2, blue = 4 };
}
void operator delete(void *, unsigned long) noexcept {}
void operator delete(void *) noexcept {}

extern "C" int kinds(int number) {
    outer::Both both;
    outer::Base &base = both;
    outer::Array<short, 3> array = {{1, 2, 3}, {4}};
    outer::Colour colour = outer::Colour::green;
    struct { unsigned low : 3, high : 5; bool flag : 1; } bits = {1, 2, true};
    int outer::Both::*member = &outer::Both::both;
    int (*function)(int) = kinds;
    auto lambda = [&array, number](int more) { return array.elements[0] + number + more; };
    int rows[2][3] = {{1, 2, 3}, {4, 5, 6}};
    const char *text = "text";
    int length[number > 0 ? number : 1];
    length[0] = 9;
    return base.area() + lambda(1) + both.*member + rows[1][2] + text[0] + length[0] + bits.low + int(colour) + (function != nullptr);
}
