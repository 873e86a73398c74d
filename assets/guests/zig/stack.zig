//! A calculator for reverse Polish notation in Zig: tagged unions, slices, optionals, errors, a fixed stack.
//!
//!     stack                 works out the built-in expressions
//!     stack EXPRESSION...   works out the given ones
//!     stack fault           reads past the end of a slice: a safety panic, which ends in `unreachable`
const std = @import("std");

const Op = enum { add, sub, mul, div };

const Token = union(enum) {
    number: i64,
    op: Op,
};

const Failure = error{ Underflow, Overflow, BadToken, DivideByZero, LeftOver };

const Stack = struct {
    items: [16]i64 = undefined,
    len: usize = 0,

    fn push(self: *Stack, value: i64) Failure!void {
        if (self.len == self.items.len) return error.Overflow;
        self.items[self.len] = value;
        self.len += 1;
    }

    fn pop(self: *Stack) Failure!i64 {
        if (self.len == 0) return error.Underflow;
        self.len -= 1;
        return self.items[self.len];
    }
};

fn parse(word: []const u8) Failure!Token {
    if (word.len == 1) switch (word[0]) {
        '+' => return .{ .op = .add },
        '-' => return .{ .op = .sub },
        '*' => return .{ .op = .mul },
        '/' => return .{ .op = .div },
        else => {},
    };
    const number = std.fmt.parseInt(i64, word, 10) catch return error.BadToken;
    return .{ .number = number };
}

fn apply(op: Op, left: i64, right: i64) Failure!i64 {
    return switch (op) {
        .add => left +% right,
        .sub => left -% right,
        .mul => left *% right,
        .div => if (right == 0) error.DivideByZero else @divTrunc(left, right),
    };
}

fn evaluate(text: []const u8) Failure!i64 {
    var stack = Stack{};
    var words = std.mem.tokenizeScalar(u8, text, ' ');
    while (words.next()) |word| {
        switch (try parse(word)) {
            .number => |number| try stack.push(number),
            .op => |op| {
                const right = try stack.pop();
                const left = try stack.pop();
                try stack.push(try apply(op, left, right));
            },
        }
    }
    const result = try stack.pop();
    if (stack.len != 0) return error.LeftOver;
    return result;
}

/// The line goes out through WASI's own call, so that the program needs no more of the library than it shows.
fn print(comptime format: []const u8, arguments: anytype) void {
    var buffer: [256]u8 = undefined;
    const line = std.fmt.bufPrint(&buffer, format, arguments) catch return;
    const pieces = [_]std.os.wasi.ciovec_t{.{ .base = line.ptr, .len = line.len }};
    var written: usize = 0;
    _ = std.os.wasi.fd_write(1, &pieces, pieces.len, &written);
}

fn show(text: []const u8) void {
    if (evaluate(text)) |value| {
        print("{s} = {d}\n", .{ text, value });
    } else |failure| {
        print("{s}: {s}\n", .{ text, @errorName(failure) });
    }
}

pub fn main(init: std.process.Init.Minimal) !void {
    var room: [4096]u8 = undefined;
    var fixed = std.heap.FixedBufferAllocator.init(&room);
    var arguments = try init.args.iterateAllocator(fixed.allocator());
    _ = arguments.skip(); // the program's own name
    var count: usize = 0;
    while (arguments.next()) |argument| : (count += 1) {
        if (std.mem.eql(u8, argument, "fault")) {
            var past = count + 20;
            _ = &past;
            const items = [_]i64{ 1, 2, 3 };
            print("{d}\n", .{items[past..][0]});
        }
        show(argument);
    }
    if (count > 0) return;
    const texts = [_][]const u8{ "1 2 +", "3 4 + 5 *", "100 7 /", "1 0 /", "+", "1 2", "two 2 *", "9 9 9 * *" };
    for (texts) |text| show(text);
}
