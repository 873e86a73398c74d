// What has to be built, and in what order: targets of several classes, their dependencies, their costs. Its stops lie
// where a person would set them: in loops, in callees, after something was changed. Before each the program prints
// what its variables hold: `STOP: EXPRESSION = VALUE`, for those of the caller `STOP^: EXPRESSION = VALUE`, written
// as a debugger would write it.
#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
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

// What a person would count or log here.
static int noted;

static NOINLINE void note(int by)
{
    noted += by;
}

// Containers, as a debugger writes them.
static std::string shown(const std::vector<std::string> &words)
{
    std::string text = "vector(" + std::to_string(words.size()) + ") {";
    for (auto &word : words)
        text += (&word == words.data() ? "\"" : ", \"") + word + "\"";
    return text + "}";
}

static std::string shown(int number)
{
    return std::to_string(number);
}

template <class Key, class T> static std::string shown(const std::map<Key, T> &entries)
{
    std::string text = "map(" + std::to_string(entries.size()) + ") {";
    const char *gap = "";
    for (auto &[key, value] : entries) {
        if constexpr (std::is_same_v<Key, std::string>)
            text += gap + ("\"" + key + "\": ") + shown(value);
        else
            text += gap + std::to_string(key) + ": " + shown(value);
        gap = ", ";
    }
    return text + "}";
}

namespace build {

enum class State : uint8_t { Fresh, Visiting, Done };

struct Edge {
    std::string to;
    int weight;
    bool optional = false;
};

using Edges = std::vector<Edge>;

class Target {
  public:
    Target(std::string name, int size) : name_(std::move(name)), size_(size) { made++; }
    virtual ~Target() = default;
    virtual double cost(int level) const = 0;
    const std::string &name() const { return name_; }

    State state = State::Fresh;
    static int made;

  protected:
    std::string name_;
    int size_;
    mutable int asked_ = 0;
};

int Target::made;

class Signed {
  public:
    explicit Signed(uint64_t key) : key_(key) {}
    virtual ~Signed() = default;
    virtual uint64_t sign(uint64_t of) const { return of ^ key_; }

  protected:
    uint64_t key_;
};

class Library : public Target {
  public:
    using Target::Target;

    double cost(int level) const override
    {
        double base = size_ * 0.5;
        double total = base + level;
        say("library", "level", "%d", level);
        say("library", "base", "%.1f", base);
        say("library", "total", "%.1f", total);
        say("library", "name_", "\"%s\"", name_.c_str());
        say("library", "size_", "%d", size_);
        say("library", "this->size_", "%d", size_);
        asked_ += level; // stop: library
        counted += base;
        return total;
    }

    static inline double counted = 0;
};

class Program : public Target, public Signed {
  public:
    Program(std::string name, int size, std::vector<std::string> arguments)
        : Target(std::move(name), size), Signed(0x1234567890 + size), arguments_(std::move(arguments))
    {
    }

    double cost(int level) const override { return size_ + 2.0 * level + arguments_.size(); }

    NOINLINE uint64_t sign(uint64_t of) const override
    {
        uint64_t mixed = of * 3 + arguments_.size();
        say("sign", "of", "%llu", (unsigned long long)of);
        say("sign", "mixed", "%llu", (unsigned long long)mixed);
        say("sign", "key_", "%llu", (unsigned long long)key_);
        say("sign", "name_", "\"%s\"", name_.c_str());
        say("sign", "arguments_", "vector(2) {\"%s\", \"%s\"}", arguments_[0].c_str(), arguments_[1].c_str());
        say("sign", "arguments_[1]", "\"%s\"", arguments_[1].c_str());
        asked_ += int(of % 7); // stop: sign
        return Signed::sign(mixed);
    }

  private:
    std::vector<std::string> arguments_;
};

/// A table of numbers with a width that is known and a height that is not.
template <class T, int Width> struct Matrix {
    std::vector<T> cells;
    T &at(int row, int column) { return cells[row * Width + column]; }

    T trace() const
    {
        T sum{};
        int diagonal = 0;
        for (auto it = cells.begin(); it < cells.end(); it += Width + 1) {
            sum += *it;
            ++diagonal;
        }
        say("trace", "diagonal", "%d", diagonal);
        say("trace", "sum", "%g", double(sum));
        say("trace", "cells[1]", "%.1f", double(cells[1]));
        note(diagonal); // stop: trace
        return sum;
    }
};

using Outcome = std::variant<std::monostate, int, std::string>;

class Graph {
  public:
    template <class T, class... Arguments> T &add(Arguments &&...arguments)
    {
        auto made = std::make_unique<T>(std::forward<Arguments>(arguments)...);
        T &reference = *made;
        targets_.push_back(std::move(made));
        return reference;
    }

    void depend(const std::string &from, Edge edge) { edges_[from].push_back(std::move(edge)); }

    Target *find(std::string_view name) const
    {
        for (const auto &target : targets_) {
            if (target->name() == name)
                return target.get();
        }
        return nullptr;
    }

    /// Those that a target needs stand before it.
    NOINLINE void visit(Target &target, int depth, std::vector<std::string> &order)
    {
        say("enter", "depth", "%d", depth);
        say("enter", "order", "%s", shown(order).c_str());
        say("enter", "target.name_", "\"%s\"", target.name().c_str());
        say("enter", "target.state", "Fresh");
        target.state = State::Visiting; // stop: enter
        if (auto found = edges_.find(target.name()); found != edges_.end()) {
            for (const auto &[to, weight, optional] : found->second) {
                Target *next = find(to);
                if (!next || next->state != State::Fresh)
                    continue;
                say("enter^", "depth", "%d", depth);
                say("enter^", "to", "\"%s\"", to.c_str());
                say("enter^", "weight", "%d", weight);
                say("enter^", "optional", "%s", optional ? "true" : "false");
                say("enter^", "next->name_", "\"%s\"", next->name().c_str());
                visit(*next, depth + 1, order);
            }
        }
        order.push_back(target.name());
        target.state = State::Done;
        say("visit", "depth", "%d", depth);
        say("visit", "order", "%s", shown(order).c_str());
        say("visit", "order[0]", "\"%s\"", order[0].c_str());
        say("visit", "target.name_", "\"%s\"", target.name().c_str());
        say("visit", "target.state", "Done");
        visited_ += depth; // stop: visit
    }

    /// The way of least weight, by what is reached first.
    NOINLINE std::optional<int> distance(const std::string &from, const std::string &to)
    {
        std::map<std::string, int> best{{from, 0}};
        using Entry = std::pair<int, std::string>;
        std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
        open.emplace(0, from);
        std::optional<int> result;
        while (!open.empty()) {
            auto [so_far, name] = open.top();
            open.pop();
            if (name == to) {
                result = so_far;
                break;
            }
            for (const Edge &edge : edges_[name]) {
                int length = so_far + edge.weight;
                auto [place, added] = best.emplace(edge.to, length);
                if (!added && place->second <= length)
                    continue;
                place->second = length;
                say("distance", "so_far", "%d", so_far);
                say("distance", "name", "\"%s\"", name.c_str());
                say("distance", "length", "%d", length);
                say("distance", "place", "{\"%s\", %d}", place->first.c_str(), place->second);
                say("distance", "place->second", "%d", place->second);
                say("distance", "added", "%s", added ? "true" : "false");
                say("distance", "edge.to", "\"%s\"", edge.to.c_str());
                say("distance", "edge.optional", "%s", edge.optional ? "true" : "false");
                say("distance", "best", "%s", shown(best).c_str());
                say("distance", "from", "\"%s\"", from.c_str());
                note(length); // stop: distance
                open.emplace(length, edge.to);
            }
        }
        return result;
    }

    NOINLINE double total(const std::function<bool(const Target &)> &wanted)
    {
        double sum = 0;
        int level = 0;
        for (auto &target : targets_) {
            if (!wanted(*target))
                continue;
            const double cost = target->cost(level);
            sum += cost;
            say("total", "level", "%d", level);
            say("total", "cost", "%.1f", cost);
            say("total", "sum", "%.1f", sum);
            say("total", "target->name_", "\"%s\"", target->name().c_str());
            say("total", "target", "%p (%s)", (void *)target.get(),
                dynamic(*target) ? "build::Program" : "build::Library");
            visited_ += level++; // stop: total
        }
        return sum;
    }

    const std::map<std::string, Edges> &edges() const { return edges_; }
    int visited() const { return visited_; }

  private:
    static bool dynamic(const Target &target) { return target.name().back() == '!'; }

    std::vector<std::unique_ptr<Target>> targets_;
    std::map<std::string, Edges> edges_;
    int visited_ = 0;
};

} // namespace build

namespace {

thread_local int runs = 40;

/// Results are shared by those that ask twice.
class Cache {
  public:
    NOINLINE std::shared_ptr<build::Outcome> run(const std::string &name, int input)
    {
        auto known = results_.find(name);
        auto &slot = results_[name];
        if (!slot)
            slot = std::make_shared<build::Outcome>();
        if (input > 10)
            *slot = name + " failed with a long text";
        else if (input > 0)
            *slot = input * 2;
        std::shared_ptr<build::Outcome> mine = slot;
        runs++;
        say("run", "input", "%d", input);
        say("run", "name", "\"%s\"", name.c_str());
        say("run", "runs", "%d", runs);
        if (const int *number = std::get_if<int>(&*mine))
            say("run", "*slot", "int %d", *number);
        else if (const std::string *text = std::get_if<std::string>(&*mine))
            say("run", "*slot", "std::string \"%s\"", text->c_str());
        else
            say("run", "*slot", "std::monostate {}");
        if (known == results_.end()) {
            say("run", "known", "(at no element)");
        } else {
            say("run", "known", "{\"%s\", %p (strong %ld, weak 0)}", known->first.c_str(), (void *)mine.get(),
                mine.use_count());
            say("run", "known->first", "\"%s\"", known->first.c_str());
        }
        say("run", "slot", "%p (strong %ld, weak 0)", (void *)mine.get(), mine.use_count());
        hits_ += input; // stop: run
        return mine;
    }

  private:
    std::unordered_map<std::string, std::shared_ptr<build::Outcome>> results_;
    int hits_ = 0;
};

struct Tally {
    int numbers = 0;
    std::string texts;

    void operator()(std::monostate) {}
    void operator()(int number) { numbers += number; }
    void operator()(const std::string &text)
    {
        auto size = text.size();
        texts += text.substr(0, 3);
        say("text", "size", "%zu", size);
        say("text", "text", "\"%s\"", text.c_str());
        say("text", "texts", "\"%s\"", texts.c_str());
        say("text", "this->numbers", "%d", numbers);
        numbers++; // stop: text
    }
};

} // namespace

static NOINLINE int filter(const std::vector<int> &weights, int limit)
{
    int kept = 0;
    std::string trail;
    auto keep = [&kept, &trail, limit](int weight) {
        bool fits = weight <= limit;
        if (fits) {
            kept++;
            trail += char('a' + weight);
        }
        say("keep", "weight", "%d", weight);
        say("keep", "fits", "%s", fits ? "true" : "false");
        say("keep", "limit", "%d", limit);
        say("keep", "kept", "%d", kept);
        say("keep", "trail", "\"%s\"", trail.c_str());
        note(runs + fits); // stop: keep
        return fits;
    };
    auto end = std::count_if(weights.begin(), weights.end(), keep);
    std::map<int, std::vector<std::string>> groups;
    for (int weight : weights) {
        std::string name(1, char('a' + weight));
        auto known = groups.find(weight % 2);
        auto &group = groups[weight % 2];
        group.push_back(name + "#");
        say("group", "weight", "%d", weight);
        say("group", "name", "\"%s\"", name.c_str());
        if (known == groups.end())
            say("group", "known", "(at no element)");
        else
            say("group", "known", "{%d, %s}", known->first, shown(known->second).c_str());
        say("group", "group", "%s", shown(group).c_str());
        say("group", "group[0]", "\"%s\"", group[0].c_str());
        say("group", "groups", "%s", shown(groups).c_str());
        say("group", "end", "%d", int(end));
        note(int(group.size())); // stop: group
    }
    return kept + int(groups.size());
}

int main(int argc, char **)
{
    build::Graph graph;
    graph.add<build::Library>("core", 8 * argc);
    graph.add<build::Library>("text library", 4);
    auto &app = graph.add<build::Program>("app!", 10, std::vector<std::string>{"-v", "--quiet"});
    graph.add<build::Library>("net", 6);
    graph.depend("app!", {"net", 5});
    graph.depend("app!", {"text library", 1, true});
    graph.depend("net", {"core", 2 * argc});
    graph.depend("text library", {"core", 9});
    graph.depend("text library", {"net", 1});

    std::vector<std::string> order;
    graph.visit(app, 0, order);
    auto way = graph.distance("app!", "core");
    auto none = graph.distance("core", "app!");
    double small = graph.total([argc](const build::Target &target) { return target.name().size() < 8u * argc; });

    const build::Signed &signer = app;
    uint64_t signature = signer.sign(1000 + argc);

    build::Matrix<float, 3> matrix{{1.5f, 2, 3, 4, 5.5f * argc, 6, 7, 8, 9}};
    matrix.at(2, 2) = 0.5f;
    double trace = matrix.trace();

    Cache cache;
    auto first = cache.run("first", 0);
    auto again = cache.run("first", 4 * argc);
    auto failed = cache.run("second", 44);
    Tally tally;
    for (const auto &outcome : {first, again, failed})
        std::visit(tally, *outcome);
    int kept = filter({3, 1, 4, 15, 9, 2}, 4 * argc);

    const std::map<std::string, build::Edges> &edges = graph.edges();
    say("end", "order", "%s", shown(order).c_str());
    say("end", "order[3]", "\"%s\"", order[3].c_str());
    say("end", "way", "%d", *way);
    say("end", "none", "nullopt");
    say("end", "small", "%.1f", small);
    say("end", "signature", "%llu", (unsigned long long)signature);
    say("end", "trace", "%.1f", trace);
    say("end", "kept", "%d", kept);
    say("end", "tally", "{numbers = %d, texts = \"%s\"}", tally.numbers, tally.texts.c_str());
    say("end", "edges[\"net\"]", "vector(1) {{to = \"core\", weight = %d, optional = false}}", 2 * argc);
    say("end", "build::Target::made", "%d", build::Target::made);
    say("end", "build::Library::counted", "%.1f", build::Library::counted);
    say("end", "first == again", "true");
    note(none.has_value() + kept); // stop: end
    std::printf("%d %d %d %zu\n", noted, runs, graph.visited(), edges.size());
    return 0;
}
