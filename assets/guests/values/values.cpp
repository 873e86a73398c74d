// Values of C++ and its standard library, at marked stops. Before each stop the program prints what its
// variables hold, one line each: `STOP: EXPRESSION = VALUE`, written as a debugger would write it.
#include <any>
#include <array>
#include <atomic>
#include <bitset>
#include <chrono>
#include <complex>
#include <cstdarg>
#include <cstdio>
#include <deque>
#include <forward_list>
#include <functional>
#include <initializer_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <span>
#include <stack>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#define NOINLINE __attribute__((noinline))

static NOINLINE void say(const char *stop, const char *name, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    std::printf("%s: %s = ", stop, name);
    std::vprintf(format, list);
    std::putchar('\n');
    va_end(list);
}

// What is passed here has to be in memory while the program is stopped.
static NOINLINE void keep(std::initializer_list<const void *> kept)
{
    __asm__ volatile("" : : "r"(kept.begin()) : "memory");
}

template <class... Kept> static NOINLINE void stop(const Kept &...kept)
{
    keep({static_cast<const void *>(&kept)...});
}

namespace zoo {

enum class Colour : unsigned char { Red, Green = 5 };

struct Point {
    double x, y;
};

class Named {
  public:
    explicit Named(std::string name) : name_(std::move(name)) {}
    virtual ~Named() = default;

  protected:
    std::string name_;
};

class Tagged {
  public:
    virtual ~Tagged() = default;
    virtual int tag() const { return tag_; }

  protected:
    int tag_ = 7;
};

class Animal : public Named {
  public:
    Animal(std::string name, int legs) : Named(std::move(name)), legs_(legs) {}
    virtual double weight() const = 0;

  protected:
    int legs_;
};

class Cat : public Animal, public Tagged {
  public:
    Cat(std::string name, double purr) : Animal(std::move(name), 4), purr_(purr) {}
    double weight() const override { return purr_ * 2; }

  private:
    double purr_;
};

class Bird : public Animal {
  public:
    Bird(std::string name, Point nest) : Animal(std::move(name), 2), nest_(nest) {}
    double weight() const override { return nest_.x; }

  private:
    Point nest_;
};

struct Shared {
    int shared = 11;
    virtual ~Shared() = default;
};

struct Left : virtual Shared {
    int left = 1;
};

struct Right : virtual Shared {
    int right = 2;
};

struct Both : Left, Right {
    int both = 3;
};

template <class T, int N> struct Box {
    T item;
    static constexpr int room = N;
    std::array<T, N> more;
};

} // namespace zoo

static NOINLINE void texts(int n)
{
    std::string none;
    std::string brief = "brief";
    std::string exactly = "ten chars!";
    std::string lengthy = "a text that is too long for the object itself";
    std::string_view view = std::string_view(lengthy).substr(2, 4 * n);
    std::string quotes = "say \"hi\"\n";
    brief += '0' + n;
    say("texts", "none", "\"%s\"", none.c_str());
    say("texts", "brief", "\"%s\"", brief.c_str());
    say("texts", "exactly", "\"%s\"", exactly.c_str());
    say("texts", "lengthy", "\"%s\"", lengthy.c_str());
    say("texts", "view", "\"%.*s\"", (int)view.size(), view.data());
    say("texts", "quotes", "\"say \\\"hi\\\"\\n\"");
    stop(none, brief, exactly, lengthy, view, quotes); // stop: texts
}

static NOINLINE void wide(int n)
{
    std::wstring wide = L"wide \u00fc";
    std::wstring longer = L"wide and too long for the object itself";
    std::u16string narrower = u"sixteen bits";
    std::u32string_view view = U"thirty-two";
    std::atomic<int> atomic = 5 * n;
    int target = 6 * n;
    std::reference_wrapper<int> wrapped = target;
    std::initializer_list<int> list = {1, 2, 3};
    say("wide", "wide", "\"wide \u00fc\"");
    say("wide", "longer", "\"wide and too long for the object itself\"");
    say("wide", "narrower", "\"sixteen bits\"");
    say("wide", "view", "\"thirty-two\"");
    say("wide", "atomic", "%d", atomic.load());
    say("wide", "wrapped", "%d", wrapped.get());
    say("wide", "list", "initializer_list(3) {1, 2, 3}");
    stop(wide, longer, narrower, view, atomic, target, wrapped, list); // stop: wide
}

static NOINLINE void bases(int n)
{
    zoo::Both both;
    both.shared *= n;
    zoo::Right *right = &both;
    zoo::Shared *shared = &both;
    say("bases", "both.shared", "%d", both.shared);
    say("bases", "both.left", "%d", both.left);
    say("bases", "both.right", "%d", both.right);
    say("bases", "both.both", "%d", both.both);
    say("bases", "right->shared", "%d", right->shared);
    say("bases", "right", "%p (zoo::Both)", (void *)right);
    say("bases", "shared", "%p (zoo::Both)", (void *)shared);
    stop(both, right, shared); // stop: bases
}

static NOINLINE void vectors(int n)
{
    std::vector<int> none;
    std::vector<int> numbers = {1, 2, 3 * n};
    std::vector<std::string> words = {"one", "two", "a word that is longer than most"};
    std::vector<std::vector<short>> nested = {{1}, {2, 3}};
    std::vector<bool> bits(35);
    bits[0] = bits[33] = true;
    std::vector<int> many(1000, n);
    many[999] = 42;
    say("vectors", "none", "vector(%zu) {}", none.size());
    say("vectors", "numbers", "vector(3) {%d, %d, %d}", numbers[0], numbers[1], numbers[2]);
    say("vectors", "numbers[2]", "%d", numbers[2]);
    say("vectors", "words", "vector(3) {\"%s\", \"%s\", \"%s\"}", words[0].c_str(), words[1].c_str(), words[2].c_str());
    say("vectors", "nested", "vector(2) {vector(1) {%d}, vector(2) {%d, %d}}", nested[0][0], nested[1][0], nested[1][1]);
    say("vectors", "bits", "vector(35) {true, false, false, false, false, false, false, false, false, false, false, "
        "false, false, false, false, ...}");
    say("vectors", "many[999]", "%d", many[999]);
    stop(none, numbers, words, nested, bits, many); // stop: vectors
}

static NOINLINE void sequences(int n)
{
    std::array<int, 3> array = {4, 5, 6 * n};
    std::deque<int> deque;
    for (int i = 0; i < 5; i++) {
        deque.push_back(10 * i);
        deque.push_front(-i);
    }
    std::list<double> list = {1.5, 2.5, 3.5 * n};
    std::list<char> letters = {'a', 'b'};
    std::forward_list<short> forward = {7, 8};
    std::span<int> span(array.data() + 1, 2);
    std::span<int, 3> fixed(array);
    say("sequences", "array", "{%d, %d, %d}", array[0], array[1], array[2]);
    say("sequences", "deque", "deque(10) {%d, %d, %d, %d, %d, %d, %d, %d, %d, %d}", deque[0], deque[1], deque[2],
        deque[3], deque[4], deque[5], deque[6], deque[7], deque[8], deque[9]);
    say("sequences", "list", "list(3) {%.1f, %.1f, %.1f}", list.front(), *std::next(list.begin()), list.back());
    say("sequences", "letters", "list(2) {'a' (97), 'b' (98)}");
    say("sequences", "forward", "forward_list {%d, %d}", forward.front(), *std::next(forward.begin()));
    say("sequences", "span", "span(2) {%d, %d}", span[0], span[1]);
    say("sequences", "fixed", "span(3) {%d, %d, %d}", fixed[0], fixed[1], fixed[2]);
    stop(array, deque, list, letters, forward, span, fixed); // stop: sequences
}

static NOINLINE void trees(int n)
{
    std::map<std::string, int> ages = {{"ann", 31}, {"bob", 4 * n}, {"cyd", 77}};
    std::map<int, zoo::Point> places;
    for (int i = 0; i < 3; i++)
        places[i] = {i + 0.5, -1.0 * i};
    std::set<char> letters = {'x', 'y'};
    std::set<int> none;
    std::multimap<int, int> twice = {{1, 10}, {1, 11}, {2, 20}};
    std::multiset<short> bag = {3, 3, 1};
    std::map<int, int> many;
    for (int i = 0; i < 500; i++)
        many[i] = i * i;
    say("trees", "ages", "map(3) {\"ann\": %d, \"bob\": %d, \"cyd\": %d}", ages["ann"], ages["bob"], ages["cyd"]);
    say("trees", "places", "map(3) {0: {x = %.1f, y = %.1f}, 1: {x = %.1f, y = %.1f}, 2: {x = %.1f, y = %.1f}}",
        places[0].x, places[0].y, places[1].x, places[1].y, places[2].x, places[2].y);
    say("trees", "letters", "set(2) {'x' (120), 'y' (121)}");
    say("trees", "none", "set(%zu) {}", none.size());
    say("trees", "twice", "multimap(3) {1: 10, 1: 11, 2: 20}");
    say("trees", "bag", "multiset(3) {1, 3, 3}");
    stop(ages, places, letters, none, twice, bag, many); // stop: trees
}

static NOINLINE void hashes(int n)
{
    std::unordered_map<std::string, int> one = {{"only", 5 * n}};
    std::unordered_map<int, double> counts = {{1, 1.5}, {2, 2.5}, {3, 3.5}};
    std::unordered_set<int> seen = {8};
    std::unordered_set<std::string> none;
    std::unordered_multimap<char, int> same = {{'k', 1}};
    say("hashes", "one", "unordered_map(1) {\"only\": %d}", one["only"]);
    std::printf("hashes: counts = unordered_map(3) {");
    const char *gap = "";
    for (auto &[key, value] : counts) {
        std::printf("%s%d: %.1f", gap, key, value);
        gap = ", ";
    }
    std::printf("}\n");
    say("hashes", "seen", "unordered_set(1) {%d}", *seen.begin());
    say("hashes", "none", "unordered_set(%zu) {}", none.size());
    say("hashes", "same", "unordered_multimap(1) {'k' (107): 1}");
    stop(one, counts, seen, none, same); // stop: hashes
}

static NOINLINE void choices(int n)
{
    std::optional<int> some = n;
    std::optional<int> nothing;
    std::optional<std::string> word = "word";
    std::variant<int, double, std::string> number = 1.5 * n;
    std::variant<int, double, std::string> text = std::string("chosen");
    std::variant<std::monostate, char> blank;
    std::pair<int, std::string> pair = {n, "second"};
    std::tuple<int, char, double> tuple = {n, 'c', 2.5};
    std::tuple<> unit;
    const std::pair<const short, int> fixed = {short(n), 8};
    const auto &[left, right] = fixed;
    say("choices", "left", "%d", left);
    say("choices", "right", "%d", right);
    say("choices", "some", "%d", *some);
    say("choices", "nothing", "nullopt");
    say("choices", "word", "\"%s\"", word->c_str());
    say("choices", "number", "double %.1f", std::get<double>(number));
    say("choices", "text", "std::string \"%s\"", std::get<std::string>(text).c_str());
    say("choices", "blank", "std::monostate {}");
    say("choices", "pair", "{%d, \"%s\"}", pair.first, pair.second.c_str());
    say("choices", "tuple", "{%d, '%c' (99), %.1f}", std::get<0>(tuple), std::get<1>(tuple), std::get<2>(tuple));
    stop(some, nothing, word, number, text, blank, pair, tuple, unit, fixed, left, right); // stop: choices
}

static NOINLINE void pointers(int n)
{
    std::unique_ptr<int> unique = std::make_unique<int>(6 * n);
    std::unique_ptr<zoo::Point> empty;
    std::shared_ptr<std::string> shared = std::make_shared<std::string>("shared");
    std::shared_ptr<std::string> copy = shared;
    std::weak_ptr<std::string> weak = shared;
    int value = 3 * n;
    int &reference = value;
    const std::string &bound = *shared;
    std::pair<int, int> &&temporary = {n, 2};
    say("pointers", "unique", "%p", (void *)unique.get());
    say("pointers", "*unique", "%d", *unique);
    say("pointers", "empty", "nullptr");
    say("pointers", "shared", "%p (strong 2, weak 1)", (void *)shared.get());
    say("pointers", "*shared", "\"%s\"", shared->c_str());
    say("pointers", "copy", "%p (strong 2, weak 1)", (void *)copy.get());
    say("pointers", "weak", "%p (strong 2, weak 1)", (void *)shared.get());
    say("pointers", "reference", "%d", reference);
    say("pointers", "bound", "\"%s\"", bound.c_str());
    say("pointers", "temporary", "{%d, %d}", temporary.first, temporary.second);
    stop(unique, empty, shared, copy, weak, value, reference, bound, temporary); // stop: pointers
}

static NOINLINE void classes(int n)
{
    zoo::Cat tom("Tom", 1.5 * n);
    zoo::Bird owl("Owl", {2.5, 3.5});
    zoo::Animal *animal = n == 1 ? static_cast<zoo::Animal *>(&tom) : &owl;
    zoo::Tagged *tagged = &tom;
    zoo::Animal &other = owl;
    std::vector<std::unique_ptr<zoo::Animal>> all;
    all.push_back(std::make_unique<zoo::Bird>("Tit", zoo::Point{1, 2}));
    zoo::Box<short, 2> box = {5, {6, 7}};
    zoo::Colour colour = n == 1 ? zoo::Colour::Green : zoo::Colour::Red;
    say("classes", "animal", "%p (zoo::Cat)", (void *)animal);
    say("classes", "tagged", "%p (zoo::Cat)", (void *)tagged);
    say("classes", "tagged->tag_", "%d", tagged->tag());
    say("classes", "other", "zoo::Bird {{{name_ = \"Owl\"}, legs_ = 2}, nest_ = {x = %.1f, y = %.1f}}", owl.weight(), 3.5);
    say("classes", "*animal", "zoo::Cat {{{name_ = \"Tom\"}, legs_ = 4}, {tag_ = %d}, purr_ = %.1f}", tom.tag(),
        tom.weight() / 2);
    say("classes", "tom.name_", "\"Tom\"");
    say("classes", "tom.legs_", "4");
    say("classes", "tom.purr_", "%.1f", tom.weight() / 2);
    say("classes", "owl.nest_", "{x = %.1f, y = %.1f}", owl.weight(), 3.5);
    say("classes", "box", "{item = %d, more = {%d, %d}}", box.item, box.more[0], box.more[1]);
    say("classes", "colour", "Green");
    stop(tom, owl, animal, tagged, other, all, box, colour); // stop: classes
}

NOINLINE double zoo_weight(const zoo::Animal &animal, const zoo::Tagged *tagged)
{
    double weight = animal.weight();
    say("virtual", "weight", "%.1f", weight);
    say("virtual", "tagged", "%p (zoo::Cat)", (const void *)tagged);
    stop(animal, tagged, weight); // stop: virtual
    return weight + tagged->tag();
}

static NOINLINE void lambdas(int n)
{
    int scale = 3 * n;
    std::string unit = "cm";
    auto by_value = [scale, unit](int of) { return unit + std::to_string(of * scale); };
    auto by_reference = [&scale, &unit] { scale++; unit += "!"; };
    by_reference();
    auto inside = [&, n](int of) {
        int product = of * scale + n;
        say("captured", "product", "%d", product);
        say("captured", "of", "%d", of);
        stop(of, product, scale, unit); // stop: captured
        return product;
    };
    say("lambdas", "scale", "%d", scale);
    say("lambdas", "unit", "\"%s\"", unit.c_str());
    say("lambdas", "by_value.scale", "%d", scale - 1);
    say("lambdas", "by_value.unit", "\"cm\"");
    say("lambdas", "by_reference", "{scale = %d, unit = \"%s\"}", scale, unit.c_str());
    stop(scale, unit, by_value, by_reference, inside); // stop: lambdas
    say("lambdas again", "inside", "%d", inside(2));
    say("lambdas again", "by_value", "%s", by_value(2).c_str());
}

namespace fleet {
// Names leave an inline namespace out; what the table of a class tells has it.
inline namespace v2 {

struct Part {
    virtual ~Part() = default;
    int id = 1;
};

struct Wheel : Part {
    double radius = 2.5;
    int turns() const { return id; }
};

} // namespace v2
} // namespace fleet

static NOINLINE void rare(int n)
{
    fleet::Wheel wheel;
    fleet::Part *part = &wheel;
    std::weak_ptr<fleet::Part> gone = std::make_shared<fleet::Wheel>();
    std::unique_ptr<fleet::Part> none;
    std::bitset<70> bits(5 * n);
    bits[69] = true;
    std::list<std::variant<short, std::string>> either = {short(n), "two"};
    std::array<int, 0> empty = {};
    std::nullptr_t null = nullptr;
    double fleet::Wheel::*member = &fleet::Wheel::radius;
    int fleet::Part::*no_member = nullptr;
    int (fleet::Wheel::*method)() const = &fleet::Wheel::turns;
    long double tenth = 0.1L * n;
    const char8_t *eight = u8"eight \u00fc";
    const wchar_t *wide = L"wide \u20ac";
    say("rare", "part", "%p (fleet::Wheel)", (void *)part);
    say("rare", "part->id", "%d", part->id);
    say("rare", "gone", "(its value was destroyed)");
    say("rare", "none", "nullptr");
    say("rare", "bits", "bitset(70) {0, 2, 69}");
    say("rare", "either", "list(2) {short %d, std::string \"two\"}", n);
    say("rare", "empty", "{}");
    say("rare", "null", "nullptr");
    say("rare", "member", "at offset 8");
    say("rare", "no_member", "nullptr");
    say("rare", "method", "fleet::Wheel::turns");
    say("rare", "tenth", "%.1f", double(tenth));
    say("rare", "eight", "%p \"eight ü\"", (const void *)eight);
    say("rare", "wide", "%p \"wide €\"", (const void *)wide);
    stop(wheel, part, gone, none, bits, either, empty, null, member, no_member, method, tenth, eight, wide); // stop: rare
}

struct Adder {
    int by;
    int operator()(int x) const { return x + by; }
};

static NOINLINE int twice(int x)
{
    return 2 * x;
}

struct Left {
    virtual ~Left() = default;
    int left = 1;
};

struct Right {
    virtual ~Right() = default;
    int right = 2;
};

struct Both : Left, Right {
    int both = 3;
};

static NOINLINE void holders(int n)
{
    std::stack<int> stack;
    stack.push(n);
    std::priority_queue<int> queue;
    queue.push(4 * n);
    std::complex<double> imaginary(1.5 * n, -2);
    std::chrono::milliseconds time(1500 * n);
    std::function<int(int)> nothing, pointed = twice, object = Adder{n};
    std::any none, number = n, text = std::string("any text");
    std::vector<int> numbers = {1, 2 * n};
    std::vector<int>::iterator at = numbers.begin() + 1;
    std::byte byte{65};
    Both both;
    Right *right = &both;
    Left *left = &both;
    say("holders", "stack", "deque(1) {%d}", n);
    say("holders", "queue", "vector(1) {%d}", 4 * n);
    say("holders", "imaginary", "%.1f - 2.0i", imaginary.real());
    say("holders", "time", "%d ms", int(time.count()));
    say("holders", "nothing", "(empty)");
    say("holders", "pointed", "twice");
    say("holders", "object", "Adder");
    say("holders", "none", "(empty)");
    say("holders", "number", "any of int");
    say("holders", "text", "any of std::string");
    say("holders", "at", "%p", (void *)&*at);
    say("holders", "*at", "%d", *at);
    say("holders", "byte", "65");
    say("holders", "((Both *)right)->both", "%d", both.both);
    say("holders", "static_cast<Both *>(right) == &both", "true");
    say("holders", "((Right *)&both)->right", "%d", both.right);
    say("holders", "((Left *)&both)->left", "%d", both.left);
    stop(stack, queue, imaginary, time, nothing, pointed, object, none, number, text, numbers, at, byte, both, right, left); // stop: holders
    say("holders again", "pointed", "%d %d", pointed(n), object(n));
}

int main(int argc, char **)
{
    texts(argc);
    wide(argc);
    bases(argc);
    vectors(argc);
    sequences(argc);
    trees(argc);
    hashes(argc);
    choices(argc);
    pointers(argc);
    classes(argc);
    zoo::Cat cat("Kit", 2.5 * argc);
    zoo_weight(cat, &cat);
    lambdas(argc);
    rare(argc);
    holders(argc);
    return 0;
}
