// Jobs that wait, run, fail and are tried again. Its stops lie where a person would set them: in loops, in callees,
// after something was changed. Before each the program prints what its variables hold: `STOP: EXPRESSION = VALUE`, for
// those of the caller `STOP^: EXPRESSION = VALUE`, written as a debugger would write it.
const std = @import("std");
extern fn puts(text: [*:0]const u8) c_int;

fn say(comptime stop_name: []const u8, comptime name: []const u8, comptime format: []const u8, args: anytype) void {
    var buffer: [512]u8 = undefined;
    const text = std.fmt.bufPrintSentinel(&buffer, stop_name ++ ": " ++ name ++ " = " ++ format, args, 0) catch unreachable;
    _ = puts(text.ptr);
}

var steps: u32 = 0;
threadlocal var lane: u16 = 7;

/// What a person would count or log here.
noinline fn step(by: u32) void {
    @as(*volatile u32, &steps).* += by;
}

const Priority = enum(u8) { low = 1, normal, urgent = 9 };

const Failure = error{ Timeout, Missing, Full };

const Flags = packed struct(u8) {
    tries: u3 = 0,
    pinned: bool = false,
    lane: u4 = 0,
};

const Work = union(enum) {
    idle,
    sleep: u32,
    copy: struct { from: []const u8, to: []const u8, bytes: u64 },
    sum: []const i32,
    call: *const fn (i32) Failure!i32,
};

const Job = struct {
    name: []const u8,
    priority: Priority = .normal,
    work: Work = .idle,
    flags: Flags = .{},
    after: ?*const Job = null,
    result: Failure!i64 = 0,
    failure: ?Failure = null,
};

/// A queue of so many entries at the most.
fn Ring(comptime T: type, comptime room: usize) type {
    return struct {
        entries: [room]T = undefined,
        first: usize = 0,
        len: usize = 0,

        const Self = @This();

        noinline fn push(self: *Self, entry: T) Failure!void {
            if (self.len == room) return error.Full;
            const at = (self.first + self.len) % room;
            self.entries[at] = entry;
            self.len += 1;
            say("push", "at", "{d}", .{at});
            say("push", "self.len", "{d}", .{self.len});
            say("push", "self.first", "{d}", .{self.first});
            step(@intCast(at)); // stop: push
        }

        fn pop(self: *Self) ?T {
            if (self.len == 0) return null;
            defer self.first = (self.first + 1) % room;
            self.len -= 1;
            return self.entries[self.first];
        }
    };
}

noinline fn double(n: i32) Failure!i32 {
    if (n < 0) return error.Timeout;
    const doubled = n * 2;
    say("double", "n", "{d}", .{n});
    say("double", "doubled", "{d}", .{doubled});
    step(1); // stop: double
    return doubled;
}

/// How long the chain is of those that a job waits for.
noinline fn waits(job: *const Job, depth: u8) u8 {
    var longest = depth;
    say("waits", "depth", "{d}", .{depth});
    say("waits", "longest", "{d}", .{longest});
    say("waits", "job.name", "\"{s}\"", .{job.name});
    step(depth); // stop: waits
    if (job.after) |before| {
        say("waits^", "depth", "{d}", .{depth});
        say("waits^", "job.name", "\"{s}\"", .{job.name});
        say("waits^", "before.name", "\"{s}\"", .{before.name});
        longest = waits(before, depth + 1);
    }
    say("waited", "longest", "{d}", .{longest});
    say("waited", "depth", "{d}", .{depth});
    say("waited", "job.name", "\"{s}\"", .{job.name});
    say("waited", "job.priority", ".{t}", .{job.priority});
    step(longest); // stop: waited
    return longest;
}

noinline fn run(job: *Job) Failure!i64 {
    job.flags.tries += 1;
    const value: i64 = switch (job.work) {
        .idle => 0,
        .sleep => |ticks| slept: {
            const left = ticks / @as(u32, job.flags.tries);
            say("sleep", "ticks", "{d}", .{ticks});
            say("sleep", "left", "{d}", .{left});
            say("sleep", "job.name", "\"{s}\"", .{job.name});
            say("sleep", "job.work", ".sleep = {d}", .{ticks});
            step(left); // stop: sleep
            if (left > 20) return error.Timeout;
            break :slept left;
        },
        .copy => |*copy| moved: {
            const half = copy.bytes / 2;
            copy.bytes -= half;
            say("copy", "half", "{d}", .{half});
            say("copy", "copy.bytes", "{d}", .{copy.bytes});
            say("copy", "copy.from", "\"{s}\"", .{copy.from});
            say("copy", "job.work", ".copy = {{.bytes = {d}, .from = \"{s}\", .to = \"{s}\"}}", .{ copy.bytes, copy.from, copy.to });
            step(@intCast(half)); // stop: copy
            break :moved @intCast(half);
        },
        .sum => |numbers| summed: {
            var sum: i64 = 0;
            for (numbers, 0..) |number, index| {
                const squared = @as(i64, number) * number;
                sum += squared;
                say("sum", "number", "{d}", .{number});
                say("sum", "index", "{d}", .{index});
                say("sum", "squared", "{d}", .{squared});
                say("sum", "sum", "{d}", .{sum});
                say("sum", "numbers", "{{{d}, {d}, {d}}}", .{ numbers[0], numbers[1], numbers[2] });
                step(@intCast(index)); // stop: sum
            }
            break :summed sum;
        },
        .call => |function| try function(@as(i32, job.flags.tries) * 10 - 15),
    };
    return value;
}

noinline fn largest(comptime T: type, values: []const T) ?T {
    var result: ?T = null;
    var at: usize = 0;
    while (at < values.len) : (at += 1) {
        const value = values[at];
        if (result == null or value > result.?) result = value;
        say("largest", "at", "{d}", .{at});
        say("largest", "value", "{d}", .{value});
        say("largest", "result", "{d}", .{result.?});
        say("largest", "values.len", "{d}", .{values.len});
        step(1); // stop: largest
    }
    return result;
}

inline fn weight(job: *const Job, factor: u32) u32 {
    const urgent: u32 = if (job.priority == .urgent) 100 else 1;
    const product = urgent * factor;
    say("weight", "factor", "{d}", .{factor});
    say("weight", "urgent", "{d}", .{urgent});
    say("weight", "product", "{d}", .{product});
    say("weight", "job.name", "\"{s}\"", .{job.name});
    step(product); // stop: weight
    return product + @intFromEnum(job.priority);
}

const Gpa = std.mem.Allocator;

/// Words by their first letter.
noinline fn letters(gpa: Gpa, text: []const u8) !std.AutoHashMapUnmanaged(u8, u32) {
    var counts: std.AutoHashMapUnmanaged(u8, u32) = .empty;
    errdefer counts.deinit(gpa);
    var words = std.mem.tokenizeScalar(u8, text, ' ');
    var total: usize = 0;
    while (words.next()) |word| {
        const entry = try counts.getOrPut(gpa, word[0]);
        if (!entry.found_existing) entry.value_ptr.* = 0;
        entry.value_ptr.* += 1;
        total += word.len;
        say("letters", "word", "\"{s}\"", .{word});
        say("letters", "total", "{d}", .{total});
        say("letters", "entry.found_existing", "{}", .{entry.found_existing});
        say("letters", "*entry.value_ptr", "{d}", .{entry.value_ptr.*});
        say("letters", "counts.size", "{d}", .{counts.size});
        step(@intCast(word.len)); // stop: letters
    }
    return counts;
}

/// Each of the queue is run until it gives a result or was tried twice.
noinline fn drain(gpa: Gpa, queue: *Ring(*Job, 4), done: *std.ArrayList(Job)) !usize {
    var failed: usize = 0;
    while (queue.pop()) |job| {
        if (run(job)) |value| {
            job.result = value;
            job.failure = null;
            const tries = job.flags.tries;
            lane += tries;
            say("done", "value", "{d}", .{value});
            say("done", "tries", "{d}", .{tries});
            say("done", "failed", "{d}", .{failed});
            say("done", "job.name", "\"{s}\"", .{job.name});
            say("done", "job.result", "{d}", .{value});
            say("done", "job.failure", "null", .{});
            say("done", "lane", "{d}", .{lane});
            say("done", "done.items.len", "{d}", .{done.items.len});
            step(tries); // stop: done
            try done.append(gpa, job.*);
        } else |failure| {
            failed += 1;
            job.failure = failure;
            say("failed", "failure", "error.{t}", .{failure});
            say("failed", "failed", "{d}", .{failed});
            say("failed", "job.name", "\"{s}\"", .{job.name});
            say("failed", "job.failure", "error.{t}", .{failure});
            say("failed", "job.result", "0", .{});
            say("failed", "queue.len", "{d}", .{queue.len});
            step(@intCast(failed)); // stop: failed
            try queue.push(job);
        }
    }
    return failed;
}

fn prepare(n: i32) !void {
    const gpa = std.heap.page_allocator;
    const numbers = [_]i32{ 3, -4, 5 * n };
    var base: Job = .{ .name = "base", .work = .{ .sleep = @intCast(42 * n) }, .priority = .urgent };
    var copy: Job = .{
        .name = "copy",
        .after = &base,
        .work = .{ .copy = .{ .from = "here", .to = "there", .bytes = 101 } },
    };
    var sum: Job = .{ .name = "sum", .after = &copy, .work = .{ .sum = &numbers }, .priority = .low };
    var call: Job = .{ .name = "call", .work = .{ .call = &double }, .flags = .{ .pinned = true, .lane = 5 } };
    var queue: Ring(*Job, 4) = .{};
    const jobs = [_]*Job{ &base, &copy, &sum, &call };
    var heavy: u32 = 0;
    for (jobs, 1..) |job, factor| {
        heavy += weight(job, @intCast(factor));
        try queue.push(job);
    }
    const full = queue.push(&base);
    const chain = waits(&sum, 0);
    var done: std.ArrayList(Job) = .empty;
    defer done.deinit(gpa);
    const failed = try drain(gpa, &queue, &done);
    var results: [4]f64 = undefined;
    for (done.items, &results) |*job, *result| {
        const value = job.result catch -1;
        result.* = @as(f64, @floatFromInt(value)) / 4;
    }
    const best = largest(f64, &results);
    const none = largest(u16, &.{});
    var counts = try letters(gpa, "a brown ant bit a big cat");
    defer counts.deinit(gpa);
    say("end", "n", "{d}", .{n});
    say("end", "heavy", "{d}", .{heavy});
    say("end", "full", "error.Full", .{});
    say("end", "chain", "{d}", .{chain});
    say("end", "failed", "{d}", .{failed});
    say("end", "done.items.len", "{d}", .{done.items.len});
    say("end", "done.items[0].name", "\"{s}\"", .{done.items[0].name});
    say("end", "results", "{{{d}, {d}, {d}, {d}}}", .{ results[0], results[1], results[2], results[3] });
    say("end", "best", "{d}", .{best.?});
    say("end", "none", "null", .{});
    say("end", "counts.size", "{d}", .{counts.size});
    say("end", "sum.after.?.after.?.name", "\"base\"", .{});
    say("end", "steps", "{d}", .{steps});
    step(chain + @intFromBool(none == null)); // stop: end
    full catch |failure| {
        say("sent", "full", "error.{t}", .{failure});
        step(@intCast(failed)); // stop: sent
    };
}

pub fn main() void {
    var one: i32 = 1;
    prepare(@as(*volatile i32, &one).*) catch step(1000);
    say("summary", "steps", "{d} {d}", .{ steps, lane });
}
