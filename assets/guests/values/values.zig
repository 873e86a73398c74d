// Values of Zig, at marked stops. Before each stop the program prints what its variables hold, one line each:
// `STOP: EXPRESSION = VALUE`, written as a debugger would write it.
const std = @import("std");
extern fn puts(text: [*:0]const u8) c_int;

fn say(comptime stop_name: []const u8, comptime name: []const u8, comptime format: []const u8, args: anytype) void {
    var buffer: [512]u8 = undefined;
    const text = std.fmt.bufPrintSentinel(&buffer, stop_name ++ ": " ++ name ++ " = " ++ format, args, 0) catch unreachable;
    _ = puts(text.ptr);
}

/// What is passed here has to be in memory while the program is stopped.
noinline fn stop(kept: anytype) void {
    asm volatile (""
        :
        : [kept] "r" (&kept),
        : .{ .memory = true });
}

const Colour = enum(u8) { red, green = 5, _ };
const Point = struct { x: f64, y: f64 };
const Failure = error{ TooSmall, TooLarge };
const Shape = union(enum) {
    nothing,
    circle: f64,
    rect: struct { w: i32, h: i32 },
    named: []const u8,
};
const Bare = union { whole: u32, part: f32 };
const Packed = packed struct(u16) { mode: u3, level: i5, ready: bool, rest: u7 };
const Raw = extern struct { a: u8, b: u32 };

fn Pair(comptime A: type, comptime B: type) type {
    return struct { first: A, second: B };
}

const Node = struct { value: i32, next: ?*const Node };

noinline fn scalars(n: i32) void {
    const truth = n == 1;
    var byte: u8 = @intCast(199 + n);
    var small: i7 = @intCast(-5 * n);
    var odd: u21 = @intCast(n + 1_000_000);
    var wide: i64 = -6_000_000_000 * @as(i64, n);
    var huge: i128 = 170141183460469231731687303715884105727 - @as(i128, n);
    var size: usize = @intCast(12 * n);
    var single: f32 = 1.5 * @as(f32, @floatFromInt(n));
    var double: f64 = -0.25 * @as(f64, @floatFromInt(n));
    say("scalars", "n", "{d}", .{n});
    say("scalars", "truth", "{}", .{truth});
    say("scalars", "byte", "{d}", .{byte});
    say("scalars", "small", "{d}", .{small});
    say("scalars", "odd", "{d}", .{odd});
    say("scalars", "wide", "{d}", .{wide});
    say("scalars", "huge", "{d}", .{huge});
    say("scalars", "size", "{d}", .{size});
    say("scalars", "single", "{d:.1}", .{single});
    say("scalars", "double", "{d:.2}", .{double});
    stop(.{ &byte, &small, &odd, &wide, &huge, &size, &single, &double }); // stop: scalars
}

noinline fn arrays(n: i32) void {
    var numbers = [_]i32{ 1, 2, 3 * n };
    var grid = [2][3]i16{ .{ 1, 2, 3 }, .{ 4, 5, 6 } };
    const slice: []i32 = numbers[1..];
    const empty: []const i32 = numbers[0..0];
    const text: []const u8 = if (n == 1) "some text" else "other";
    const ended: [*:0]const u8 = "ended";
    var points = [_]Point{ .{ .x = @floatFromInt(n), .y = 2 }, .{ .x = 3.5, .y = -4 } };
    const many: []const Point = points[0..];
    say("arrays", "numbers", "{{{d}, {d}, {d}}}", .{ numbers[0], numbers[1], numbers[2] });
    say("arrays", "numbers[2]", "{d}", .{numbers[2]});
    say("arrays", "grid", "{{{{1, 2, 3}}, {{4, 5, 6}}}}", .{});
    say("arrays", "slice", "{{{d}, {d}}}", .{ slice[0], slice[1] });
    say("arrays", "empty", "{{}}", .{});
    say("arrays", "text", "\"{s}\"", .{text});
    say("arrays", "ended", "0x{x} \"ended\"", .{@intFromPtr(ended)});
    say("arrays", "points", "{{{{.x = 1.0, .y = 2.0}}, {{.x = 3.5, .y = -4.0}}}}", .{});
    say("arrays", "many", "{{{{.x = 1.0, .y = 2.0}}, {{.x = 3.5, .y = -4.0}}}}", .{});
    stop(.{ &numbers, &grid, &slice, &empty, &text, &ended, &points, &many }); // stop: arrays
}

noinline fn optionals(n: i32) void {
    var some: ?i32 = n;
    var nothing: ?i32 = if (n == 1) null else 4;
    var value: i32 = 42;
    var pointer: ?*i32 = &value;
    var no_pointer: ?*i32 = if (n == 1) null else &value;
    var text: ?[]const u8 = "maybe";
    var no_text: ?[]const u8 = if (n == 1) null else "some";
    var nested: ??u8 = if (n == 1) 7 else null;
    say("optionals", "some", "{d}", .{some.?});
    say("optionals", "nothing", "null", .{});
    say("optionals", "pointer", "0x{x}", .{@intFromPtr(pointer.?)});
    say("optionals", "no_pointer", "null", .{});
    say("optionals", "text", "\"{s}\"", .{text.?});
    say("optionals", "no_text", "null", .{});
    say("optionals", "nested", "{d}", .{nested.?.?});
    stop(.{ &some, &nothing, &value, &pointer, &no_pointer, &text, &no_text, &nested }); // stop: optionals
}

noinline fn half(n: i32) Failure!i32 {
    if (n < 2) return error.TooSmall;
    if (n > 100) return error.TooLarge;
    return @divTrunc(n, 2);
}

noinline fn failures(n: i32) void {
    var small = half(n);
    var large = half(1000 * n);
    var fine = half(84 * n);
    var any: anyerror = error.TooLarge;
    var nothing: Failure!void = error.TooSmall;
    var text: anyerror![]const u8 = "fine";
    say("failures", "small", "error.TooSmall", .{});
    say("failures", "large", "error.TooLarge", .{});
    say("failures", "fine", "{d}", .{fine catch 0});
    say("failures", "any", "error.TooLarge", .{});
    say("failures", "nothing", "error.TooSmall", .{});
    say("failures", "text", "\"fine\"", .{});
    stop(.{ &small, &large, &fine, &any, &nothing, &text }); // stop: failures
}

noinline fn unions(n: i32) void {
    var nothing: Shape = .nothing;
    var circle: Shape = .{ .circle = 1.5 * @as(f64, @floatFromInt(n)) };
    var rect: Shape = .{ .rect = .{ .w = n, .h = 2 } };
    var named: Shape = .{ .named = "label" };
    var shapes = [_]Shape{ circle, nothing };
    var bare: Bare = .{ .part = 1 };
    say("unions", "nothing", ".nothing", .{});
    say("unions", "circle", ".circle = 1.5", .{});
    say("unions", "rect", ".rect = {{.w = {d}, .h = 2}}", .{n});
    say("unions", "named", ".named = \"label\"", .{});
    stop(.{ &nothing, &circle, &rect, &named, &shapes, &bare }); // stop: unions
}

noinline fn records(n: i32) void {
    var point: Point = .{ .x = 1.5, .y = @floatFromInt(n) };
    var flags: Packed = .{ .mode = 5, .level = @intCast(-3 * n), .ready = true, .rest = 100 };
    var raw: Raw = .{ .a = 9, .b = 70000 };
    var pair: Pair(i32, []const u8) = .{ .first = n, .second = "two" };
    var tuple = .{ n, @as(f64, 2.5), true };
    say("records", "point", "{{.x = 1.5, .y = {d:.1}}}", .{point.y});
    say("records", "flags", "{{.bits = {d}}}", .{@as(u16, @bitCast(flags))});
    say("records", "raw", "{{.a = 9, .b = 70000}}", .{});
    say("records", "pair", "{{.first = {d}, .second = \"two\"}}", .{n});
    say("records", "pair.second", "\"two\"", .{});
    stop(.{ &point, &flags, &raw, &pair, &tuple }); // stop: records
}

noinline fn enums(n: i32) void {
    var green: Colour = if (n == 1) .green else .red;
    var other: Colour = @enumFromInt(77 * n);
    var order: std.math.Order = if (n == 1) .gt else .lt;
    say("enums", "green", ".green", .{});
    say("enums", "other", "77 (no name)", .{});
    say("enums", "order", ".gt", .{});
    stop(.{ &green, &other, &order }); // stop: enums
}

noinline fn pointers(n: i32) void {
    var value: i32 = 42 * n;
    const pointer = &value;
    var last: Node = .{ .value = 2 * n, .next = null };
    var first: Node = .{ .value = n, .next = &last };
    const row = [_]u16{ 7, 8, 9 };
    const of_row = &row;
    const many: [*]const u16 = &row;
    const how: *const fn (i32) void = &scalars;
    say("pointers", "value", "{d}", .{value});
    say("pointers", "pointer", "0x{x}", .{@intFromPtr(pointer)});
    say("pointers", "*pointer", "{d}", .{pointer.*});
    say("pointers", "first.value", "{d}", .{first.value});
    say("pointers", "first.next->value", "{d}", .{first.next.?.value});
    say("pointers", "many[2]", "{d}", .{many[2]});
    stop(.{ &value, &pointer, &last, &first, &row, &of_row, &many, &how }); // stop: pointers
}

noinline fn blocks(n: i32) void {
    var sum: i32 = n;
    for (0..3) |i| {
        const squared: i32 = @intCast(i * i);
        sum += squared;
        if (i == 2) {
            say("blocks", "i", "{d}", .{i});
            say("blocks", "squared", "{d}", .{squared});
            say("blocks", "sum", "{d}", .{sum});
            stop(.{ &sum, &squared }); // stop: blocks
        }
    }
}

noinline fn generic(comptime T: type, items: []const T, extra: T) T {
    var total: T = extra;
    for (items) |item| total += item;
    say("generic", "items", "{{1.5, 2.5}}", .{});
    say("generic", "extra", "{d:.1}", .{extra});
    say("generic", "total", "{d:.1}", .{total});
    stop(.{ &total, &items, &extra }); // stop: generic
    return total;
}

noinline fn lists(n: i32) void {
    var list: std.ArrayList(i32) = .empty;
    list.appendSlice(std.heap.page_allocator, &.{ 1, 2, 3 * n }) catch return;
    say("lists", "list.items", "{{1, 2, {d}}}", .{3 * n});
    say("lists", "list.items[2]", "{d}", .{list.items[2]});
    stop(.{&list}); // stop: lists
}

noinline fn rare(n: i32) void {
    var short: f16 = 1.5 * @as(f16, @floatFromInt(n));
    var extended: f80 = -2.5 * @as(f80, @floatFromInt(n));
    var quad: f128 = 0.1 * @as(f128, @floatFromInt(n));
    var nothing: ?void = if (n == 1) {} else null;
    var twice: ??i32 = n;
    var fine: Failure!?[]const u8 = "fine";
    say("rare", "short", "{d}", .{short});
    say("rare", "extended", "{d}", .{@as(f64, @floatCast(extended))});
    say("rare", "quad", "{d}", .{@as(f64, @floatCast(quad))});
    say("rare", "nothing", "{{}}", .{});
    say("rare", "twice", "{d}", .{n});
    say("rare", "fine", "\"fine\"", .{});
    stop(.{ &short, &extended, &quad, &nothing, &twice, &fine }); // stop: rare
}

noinline fn maps(n: u32) void {
    const gpa = std.heap.page_allocator;
    var numbers = std.AutoHashMap(u32, []const u8).init(gpa);
    numbers.put(7 * n, "seven") catch return;
    var points: std.StringHashMapUnmanaged(Point) = .empty;
    points.put(gpa, "one", .{ .x = 1.5, .y = 2.5 }) catch return;
    var none: std.AutoHashMapUnmanaged(u8, u8) = .empty;
    var row = [_]u16{ 7, 8, @intCast(9 * n) };
    const of_row: *[3]u16 = &row;
    const part = row[1..3];
    var text: ?[]const u8 = "maybe";
    var pair: struct { u32, i16 } = .{ n, -300 };
    say("maps", "numbers", "HashMap(1) {{{d}: \"seven\"}}", .{7 * n});
    say("maps", "points", "HashMap(1) {{\"one\": {{.x = 1.5, .y = 2.5}}}}", .{});
    say("maps", "points[\"one\"].y", "2.5", .{});
    say("maps", "none", "HashMap(0) {{}}", .{});
    say("maps", "of_row[2]", "{d}", .{of_row[2]});
    say("maps", "part[0]", "{d}", .{part[0]});
    say("maps", "text.?", "\"maybe\"", .{});
    say("maps", "pair", "{{{d}, -300}}", .{n});
    say("maps", "values.thousand", "{d}", .{thousand});
    say("maps", "thousand", "{d}", .{thousand});
    stop(.{ &numbers, &points, &none, &row, &of_row, &part, &text, &pair, &thousand }); // stop: maps
}

var thousand: u32 = 1000;

pub fn main() void {
    var one: i32 = 1;
    const n = @as(*volatile i32, &one).*;
    scalars(n);
    arrays(n);
    optionals(n);
    failures(n);
    unions(n);
    records(n);
    enums(n);
    pointers(n);
    blocks(n);
    _ = generic(f64, &.{ 1.5, 2.5 }, 0.5);
    lists(n);
    rare(n);
    maps(@intCast(n));
}
