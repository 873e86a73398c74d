// Shapes in C++: classes, virtual calls, references, templates, std::vector and std::string.
//
//   shapes          make shapes, sort them, print them
//   shapes fault    the same, then call a method of a null pointer through its (missing) virtual table

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace geometry {

struct Point {
    double x = 0, y = 0;
    Point operator+(const Point &other) const { return { x + other.x, y + other.y }; }
};

enum class Colour : unsigned char { Red = 1, Green, Blue };

class Shape {
public:
    Shape(std::string name, Point at, Colour colour) : name_(std::move(name)), at_(at), colour_(colour) { ++made; }
    virtual ~Shape() = default;
    virtual double area() const = 0;
    virtual std::string describe() const { return name_ + (colour_ == Colour::Red ? " (red)" : ""); }
    void move(const Point &by) { at_ = at_ + by; }
    const Point &at() const { return at_; }
    static int made;

protected:
    std::string name_;
    Point at_;
    Colour colour_;
};

int Shape::made = 0;

class Circle : public Shape {
public:
    Circle(Point at, double radius) : Shape("circle", at, Colour::Red), radius_(radius) {}
    double area() const override { return 3.14159265358979 * radius_ * radius_; }

private:
    double radius_;
};

class Box : public Shape {
public:
    Box(Point at, double width, double height) : Shape("box", at, Colour::Green), width_(width), height_(height) {}
    double area() const override { return width_ * height_; }
    std::string describe() const override { return Shape::describe() + " with four corners, a rather long text"; }

protected:
    double width_, height_;
};

class Square final : public Box {
public:
    Square(Point at, double side) : Box(at, side, side) { name_ = "square"; }
    std::string describe() const override { return name_; }
};

} // namespace geometry

using namespace geometry;

template <typename T, typename F> static double total(const std::vector<T> &items, F value) {
    double sum = 0;
    for (const auto &item : items) sum += value(*item);
    return sum;
}

static double area_of(const Shape *shape) { return shape->area(); }

int main(int argc, char **argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    std::vector<std::unique_ptr<Shape>> shapes;
    for (int i = 1; i <= 3; i++) {
        shapes.push_back(std::make_unique<Circle>(Point{ 1.0 * i, 2 }, i));
        shapes.push_back(std::make_unique<Box>(Point{ 0, 0.5 * i }, i, 2 * i));
        shapes.push_back(std::make_unique<Square>(Point{ 5, 5 }, 1.5 * i));
    }
    std::sort(shapes.begin(), shapes.end(), [](const auto &a, const auto &b) { return a->area() < b->area(); });
    for (auto &shape : shapes) {
        shape->move({ 10, -1 });
        std::printf("%8.3f at (%4.1f, %4.1f) %s\n", shape->area(), shape->at().x, shape->at().y,
                    shape->describe().c_str());
    }
    std::printf("%d shapes, total area %.4f\n", Shape::made, total(shapes, [](const Shape &s) { return s.area(); }));
    if (argc > 1 && std::strcmp(argv[1], "fault") == 0) {
        shapes.emplace_back(nullptr);
        std::printf("%f\n", area_of(shapes.back().get()));
    }
    return 0;
}
