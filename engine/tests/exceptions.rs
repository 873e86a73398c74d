//! Exceptions, over both backends: through instances, hosts and variants of code that change while they are on the
//! stack; how much memory they take; and how a call ends that throws.

// A list of ranges that has one is a list all the same.
#![allow(clippy::single_range_in_vec_init)]

mod exception_programs;
mod runtime_support;

use exception_programs::program;
use runtime_support::{Watcher, backends, call, host, instance, module, number, val_of};
use std::cell::Cell;
use stepwell_engine::error::TrapKind;
use stepwell_engine::runtime::paused::{FrameState, Resume, StopCause, Stops, TickAction};
use stepwell_engine::runtime::store::{Backend, CallOutcome, Store};
use stepwell_engine::types::{Val, ValType};

fn returned(outcome: CallOutcome) -> Vec<i32> {
    match outcome {
        CallOutcome::Returned(vals) => vals.into_iter().map(val_of).collect(),
        other => panic!("{other:?}"),
    }
}

/// What is left of a program that has run: its globals and memory.
#[derive(Debug, PartialEq)]
struct End {
    outcome: CallOutcome,
    globals: Vec<Option<Val>>,
    memory: Vec<u8>,
}

fn end(store: &Store, outcome: CallOutcome) -> End {
    End {
        outcome,
        globals: (0..4).map(|global| store.global(0, global)).collect(),
        memory: store.memory(0, 0).expect("a memory").to_vec(),
    }
}

/// Stops that change at each stop, so that one stack has frames of clean code, of twins with some stops and with all,
/// with and without watched stores.
fn run_restless(store: &mut Store, seed: u64) -> (CallOutcome, usize) {
    let funcs = store.module(0).expect("a module").func_types.len() as u64;
    let mut numbers = seed;
    let mut next = move || {
        numbers = numbers
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        numbers >> 33
    };
    store.set_stops(0, 0, Stops::All).expect("compiles");
    let offsets: Vec<Vec<u64>> = (0..funcs as u32)
        .map(|func| stepwell_engine::module::text::operator_offsets(store.module(0).expect("a module"), func))
        .collect();
    let start = number(store, "_start");
    let mut stops = 0;
    let mut watcher = Watcher::on_stop(|paused, _| {
        stops += 1;
        assert!((0..paused.depth()).all(|frame| paused.frame(frame).is_some()));
        let func = next() % funcs;
        let all = &offsets[func as usize];
        let wanted = match next() % 5 {
            // Somewhere it must go on stopping.
            0 if func > 0 => Stops::None,
            0 | 1 => Stops::All,
            2 => Stops::at(all.iter().copied().step_by(1 + (next() % 5) as usize)),
            _ => Stops::at([all[0], all[(next() as usize) % all.len()]]),
        };
        paused.set_stops(0, func as u32, wanted).expect("compiles");
        if next() % 40 == 0 {
            let ranges = [0..next() % 300];
            paused.watch(0, 0, &ranges).expect("compiles");
        }
        Resume::Continue
    });
    let outcome = store.call(start, &[], &mut watcher).expect("a call");
    drop(watcher);
    (outcome, stops)
}

#[test]
fn programs_end_the_same_whatever_variants_their_frames_are_in() {
    if stepwell_engine::compile::supported().is_err() {
        return;
    }
    let mut stops = 0;
    for seed in 100..114 {
        let module = module(&program(seed));
        let run = |backend: Backend, how: &dyn Fn(&mut Store) -> CallOutcome| {
            let mut store = Store::new(backend).expect("a store");
            store
                .instantiate(module.clone())
                .expect("links")
                .expect("no trap");
            let outcome = how(&mut store);
            end(&store, outcome)
        };
        let plain = |store: &mut Store| call(store, "_start", &[]);
        let expected = run(Backend::Interpreter, &plain);
        assert_eq!(run(Backend::Compiled, &plain), expected, "seed {seed}, clean");
        let watched = |store: &mut Store| {
            store.watch(0, 0, &[0..1 << 16]).expect("a memory");
            call(store, "_start", &[])
        };
        assert_eq!(run(Backend::Compiled, &watched), expected, "seed {seed}, watched");
        let restless = Cell::new(0);
        let how = |store: &mut Store| {
            let (outcome, stops) = run_restless(store, seed);
            restless.set(stops);
            outcome
        };
        assert_eq!(run(Backend::Compiled, &how), expected, "seed {seed}, restless");
        stops += restless.get();
    }
    assert!(stops > 10_000, "only {stops} stops");
}

/// A tag and functions that throw it; each instance has a memory of its own.
const THROWS: &str = r#"(module
  (tag $t (export "tag") (param i32 v128))
  (memory 1) (data (i32.const 0) "\07")
  (func (export "throws") (param i32) (result i32)
    (throw $t (i32.add (local.get 0) (i32.load (i32.const 0))) (i32x4.splat (local.get 0))))
  (func (export "other") (param i32) (result i32) (throw $other (local.get 0)))
  (tag $other (param i32)))"#;

#[test]
fn exceptions_go_through_instances_and_are_told_apart_by_their_tags() {
    for mut store in backends() {
        let first = instance(&mut store, THROWS);
        for name in ["tag", "throws", "other"] {
            let what = store.export(first, name).expect("exported");
            store.define("first", name, what);
        }
        instance(
            &mut store,
            r#"(module (type $f (func (param i32) (result i32)))
              (import "first" "throws" (func $throws (type $f)))
              (import "first" "other" (func $other (type $f)))
              (tag $t (import "first" "tag") (param i32 v128))
              (tag $mine (param i32 v128))
              (memory 1) (data (i32.const 0) "\2a")
              (table funcref (elem $throws $other $tail $tail_at))
              (func $tail (type $f) (return_call $throws (local.get 0)))
              ;; What is called in tail position throws past this function's own try.
              (func $tail_at (type $f)
                (block $h (result i32 v128)
                  (try_table (catch $t $h) (return_call_indirect (type $f) (local.get 0) (i32.const 0)))
                  unreachable)
                unreachable)
              (func (export "f") (param i32 i32) (result i32 i32 i32)
                (local $before i32) (local $x f64)
                (local.set $before (i32.const 5))
                (local.set $x (f64.const 2))
                (i32.const 1000)
                (block $h (result i32 v128)
                  (try_table (catch $mine $h) (catch $t $h)
                    (local.set $before (i32.add (local.get $before) (i32.const 1)))
                    (local.set $x (f64.add (local.get $x) (f64.const 1)))
                    (drop (call_indirect (type $f) (local.get 0) (local.get 1))))
                  unreachable)
                (i32x4.extract_lane 3)
                (i32.add)
                (i32.add)
                (i32.load (i32.const 0))
                (i32.add (local.get $before) (i32.trunc_f64_s (local.get $x))))
              (func (export "all") (param i32) (result i32)
                (block $all (try_table (catch_all $all) (drop (call $other (local.get 0)))))
                (i32.const -1)))"#,
        );
        for at in [0, 2, 3] {
            let outcome = call(&mut store, "f", &[Val::I32(3), Val::I32(at)]);
            assert_eq!(returned(outcome), [1000 + 13, 42, 9], "{at}");
        }
        let outcome = call(&mut store, "f", &[Val::I32(3), Val::I32(1)]);
        assert!(matches!(&outcome, CallOutcome::Trapped(trap) if trap.kind == TrapKind::UncaughtException));
        assert_eq!(returned(call(&mut store, "all", &[Val::I32(3)])), [-1]);
    }
}

#[test]
fn an_exception_that_nothing_catches_leaves_every_frame_in_place() {
    let wat = r#"(module (tag $t (param i32 i64))
      (func $deep (param i32)
        (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1)))))
        (throw $t (i32.const 7) (i64.const 8)))
      (func (export "f") (param i32)
        try (call $deep (local.get 0)) catch $other end)
      (tag $other)
      (func (export "null") (throw_ref (ref.null exn))))"#;
    for mut store in backends() {
        instance(&mut store, wat);
        let mut seen = 0;
        let mut watcher = Watcher::on_stop(|paused, cause| {
            seen += 1;
            assert!(matches!(cause, StopCause::Trap(trap) if trap.kind == TrapKind::UncaughtException));
            assert_eq!(paused.depth(), 6);
            let frame = paused.frame(0).expect("a frame");
            assert_eq!(frame.head.state, FrameState::Trapped);
            assert_eq!(frame.operands, [Val::I32(7), Val::I64(8)]);
            Resume::Continue
        });
        let outcome = store.call(number(&store, "f"), &[Val::I32(4)], &mut watcher);
        drop(watcher);
        assert!(
            matches!(&outcome, Ok(CallOutcome::Trapped(trap)) if trap.kind == TrapKind::UncaughtException),
            "{outcome:?}"
        );
        assert_eq!(seen, 1);
        let outcome = call(&mut store, "null", &[]);
        assert!(
            matches!(&outcome, CallOutcome::Trapped(trap) if trap.kind == TrapKind::NullExceptionReference)
        );
    }
}

/// A handler that calls back while the guest stands still: what is thrown there does not get out, and what the guest
/// around it has caught stays.
#[test]
fn an_exception_ends_at_the_host() {
    let wat = r#"(module (tag $t (param i32)) (import "env" "wait" (func $wait))
      (func (export "inner") (param i32) (result i32)
        try (result i32)
          try (throw $t (local.get 0)) catch $t drop rethrow 0 end
          unreachable
        catch $t end)
      (func (export "throws") (throw $t (i32.const 1)))
      (func (export "f") (result i32)
        try (result i32)
          try (throw $t (i32.const 40)) catch $t
            drop (call $wait) rethrow 0
          end
          unreachable
        catch $t end))"#;
    for mut store in backends() {
        store.define_host(host("env", "wait", &[], &[], |_, _| Ok(())));
        let it = instance(&mut store, wat);
        let (inner, throws) = (number(&store, "inner"), number(&store, "throws"));
        store.set_stops(it, 3, Stops::All).expect("compiles");
        let mut calls = 0;
        let mut watcher = Watcher::on_stop(|paused, _| {
            calls += 1;
            let store = paused.store_mut();
            let outcome = store.call(inner, &[Val::I32(calls)], &mut Watcher::default());
            assert_eq!(outcome, Ok(CallOutcome::Returned(vec![Val::I32(calls)])));
            let outcome = store.call(throws, &[], &mut Watcher::default());
            assert!(
                matches!(&outcome, Ok(CallOutcome::Trapped(trap)) if trap.kind == TrapKind::UncaughtException)
            );
            Resume::Continue
        });
        let outcome = store.call(number(&store, "f"), &[], &mut watcher);
        drop(watcher);
        assert_eq!(outcome, Ok(CallOutcome::Returned(vec![Val::I32(40)])));
        assert!(calls > 6);
    }
}

#[test]
fn a_host_function_that_refuses_is_no_exception() {
    let wat = r#"(module (import "env" "refuse" (func $refuse))
      (func (export "f") (block $all (try_table (catch_all $all) (call $refuse)))))"#;
    for mut store in backends() {
        store.define_host(host("env", "refuse", &[], &[], |_, _| {
            Err(stepwell_engine::runtime::host::HostError::Trap("no".to_string()))
        }));
        instance(&mut store, wat);
        let outcome = call(&mut store, "f", &[]);
        assert!(matches!(&outcome, CallOutcome::Trapped(trap) if trap.kind == TrapKind::Host));
    }
}

/// Through fifty thousand frames, each of which has registers of its caller saved; and the innermost one overwrites those
/// that callers save.
#[test]
fn a_deep_recursion_is_given_up_at_once() {
    let wat = r#"(module (tag $t (param i64))
      (func $churn (param $a i64) (param $b i64) (param $c i64) (param $x f64) (result i64) (local $turns i32)
        (loop $again
          (local.set $a (i64.add (local.get $a) (local.get $b)))
          (local.set $b (i64.xor (local.get $b) (local.get $c)))
          (local.set $c (i64.mul (local.get $c) (local.get $a)))
          (local.set $x (f64.mul (local.get $x) (f64.const 1.25)))
          (br_if $again (i32.lt_u (local.tee $turns (i32.add (local.get $turns) (i32.const 1))) (i32.const 10))))
        (i64.add (local.get $a) (i64.trunc_sat_f64_s (local.get $x))))
      (func $deep (param $n i32) (param $a i64) (param $b i64) (param $x f64) (result i64)
        (if (i32.eqz (local.get $n))
          (then
            (drop (call $churn (i64.const 3) (local.get $a) (i64.const 7) (local.get $x)))
            (throw $t (i64.const 5))))
        (i64.add
          (call $deep (i32.sub (local.get $n) (i32.const 1)) (i64.add (local.get $a) (i64.const 1)) (local.get $a)
            (f64.add (local.get $x) (f64.const 1)))
          (i64.add (i64.mul (local.get $a) (local.get $b)) (i64.trunc_f64_s (local.get $x)))))
      (func (export "f") (param $n i32) (result i32)
        (local $a i64) (local $b i64) (local $c i64) (local $d i64) (local $x f64) (local $turns i32)
        (local.set $turns (i32.const 3))
        (loop $again
          (local.set $a (i64.add (local.get $a) (i64.const 1)))
          (local.set $b (i64.add (local.get $b) (local.get $a)))
          (local.set $c (i64.add (local.get $c) (local.get $b)))
          (local.set $d (i64.add (local.get $d) (local.get $c)))
          (local.set $x (f64.add (local.get $x) (f64.const 0.5)))
          (local.set $d (i64.add (local.get $d)
            (block $h (result i64)
              (try_table (result i64) (catch $t $h)
                (call $deep (local.get $n) (local.get $a) (local.get $b) (local.get $x))))))
          (br_if $again (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
        (i32.wrap_i64
          (i64.add (i64.add (local.get $a) (i64.mul (local.get $b) (i64.const 100)))
            (i64.add (i64.mul (local.get $c) (i64.const 10000))
              (i64.add (i64.mul (local.get $d) (i64.const 1000000)) (i64.trunc_f64_s (local.get $x))))))))"#;
    for mut store in backends() {
        instance(&mut store, wat);
        let outcome = call(&mut store, "f", &[Val::I32(50_000)]);
        // a: 1 2 3, b: 1 3 6, c: 1 4 10, d: 1+5, 6+4+5, 15+10+5.
        assert_eq!(returned(outcome), [3 + 600 + 100_000 + 30_000_000 + 1]);
    }
}

/// Guests that would fill the host's memory: with exceptions that nothing names any more, and with ones that all are.
#[test]
fn exceptions_for_ever_take_a_bounded_amount_of_memory() {
    let many = "v128 ".repeat(60);
    let zeros = "(local.get $v)".repeat(60);
    let wat = format!(
        r#"(module
      (tag $t (param {many})) (tag $link (param {many} exnref))
      (global $last (mut exnref) (ref.null exn))
      (table $refs 100 exnref)
      (func $throw (local $v v128) (throw $t {zeros}))
      (func (export "forget") (param i32) (local $mine exnref)
        (loop $again
          (block $h (result exnref) (try_table (catch_all_ref $h) (call $throw)) unreachable)
          (local.set $mine)
          (table.set $refs (i32.rem_u (local.get 0) (i32.const 100)) (local.get $mine))
          try
            (throw_ref (table.get $refs (i32.rem_u (local.get 0) (i32.const 100))))
          catch_all
            try rethrow 1 catch_all end
          end
          (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
      (func (export "keep") (local $v v128)
        (loop $again
          (block $h (result exnref)
            (try_table (catch_all_ref $h) (throw $link {zeros} (global.get $last))) unreachable)
          (global.set $last)
          (br $again))))"#
    );
    for mut store in backends() {
        instance(&mut store, &wat);
        let before = resident_bytes();
        // Forty million bytes of exceptions.
        let outcome = call(&mut store, "forget", &[Val::I32(20_000)]);
        assert_eq!(outcome, CallOutcome::Returned(Vec::new()));
        let grown = resident_bytes().saturating_sub(before);
        assert!(grown < 16 << 20, "{grown} bytes more");
        let outcome = call(&mut store, "keep", &[]);
        assert!(
            matches!(&outcome, CallOutcome::Trapped(trap) if trap.kind == TrapKind::TooManyExceptions),
            "{outcome:?}"
        );
    }
    // In the same test: memory is measured above.
    arms_hold_a_bounded_amount_of_memory();
}

/// Each frame of a recursion holds what it has caught, to throw it again: few bytes of the stack, many of the host.
fn arms_hold_a_bounded_amount_of_memory() {
    let many = "i64 ".repeat(1000);
    let values = "(local.get 0)".repeat(1000);
    let wat = format!(
        r#"(module
      (tag $large (param {many})) (tag $small (param i32))
      (func $large (param i64) (throw $large {values}))
      (func $small (param i64) (throw $small (i32.wrap_i64 (local.get 0))))
      (table funcref (elem $large $small))
      (func $f (export "f") (param $depth i64) (param $which i32) (result i64)
        (if (i64.eqz (local.get $depth)) (then (return (i64.const 0))))
        try (result i64)
          try
            (call_indirect (param i64) (local.get $depth) (local.get $which))
          catch_all
            (local.set $depth
              (i64.add (call $f (i64.sub (local.get $depth) (i64.const 1)) (local.get $which)) (i64.const 1)))
            rethrow 0
          end
          unreachable
        catch_all (local.get $depth) end)
      (func $g (export "g") (param $depth i64) (result i64)
        (if (i64.eqz (local.get $depth)) (then (return (i64.const 0))))
        try (result i64)
          (call $large (local.get $depth))
          unreachable
        catch_all
          (i64.add (call $g (i64.sub (local.get $depth) (i64.const 1))) (i64.const 1))
        end))"#
    );
    for mut store in backends() {
        instance(&mut store, &wat);
        // These throw nothing again, so they hold nothing.
        let returned = CallOutcome::Returned(vec![Val::I64(10_000)]);
        assert_eq!(call(&mut store, "g", &[Val::I64(10_000)]), returned);
        let mut f = |depth: i64, which: i32| call(&mut store, "f", &[Val::I64(depth), Val::I32(which)]);
        let all = |depth| CallOutcome::Returned(vec![Val::I64(depth)]);
        assert_eq!(f(10_000, 1), all(10_000));
        assert_eq!(f(100, 0), all(100));
        let outcome = f(10_000, 0);
        assert!(
            matches!(&outcome, CallOutcome::Trapped(trap) if trap.kind == TrapKind::TooManyExceptions),
            "{outcome:?}"
        );
        // What was held is gone.
        assert_eq!(f(100, 0), all(100));
    }
}

/// Memory of this process.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

/// A guest that throws in a loop is paused where it stands, as any other.
#[test]
fn a_guest_that_throws_for_ever_is_paused() {
    let wat = r#"(module (tag $t (param i32)) (func $throw (param i32) (throw $t (local.get 0)))
      (func (export "f") (local $n i32)
        (loop $again
          try (call $throw (local.get $n)) catch $t (local.set $n (i32.add (i32.const 1))) end
          (br $again))))"#;
    for mut store in backends() {
        instance(&mut store, wat);
        let interrupt = store.interrupt();
        let mut pauses = 0;
        let again = interrupt.clone();
        interrupt.raise();
        let mut watcher = Watcher::new(
            |paused, cause| {
                assert_eq!(*cause, StopCause::Pause);
                assert!((0..paused.depth()).all(|frame| paused.frame(frame).is_some()));
                pauses += 1;
                again.raise();
                match pauses {
                    100 => Resume::Abandon,
                    _ => Resume::Continue,
                }
            },
            |_| TickAction::Pause,
        );
        let outcome = store.call(number(&store, "f"), &[], &mut watcher);
        drop(watcher);
        assert_eq!((outcome, pauses), (Ok(CallOutcome::Abandoned), 100));
    }
}

#[test]
fn tables_with_wide_indices() {
    let wat = r#"(module (type $f (func (param i32) (result i32)))
      (table $t i64 4 8 funcref) (elem (table $t) (i64.const 1) func $twice)
      (func $twice (type $f) (i32.mul (local.get 0) (i32.const 2)))
      (func (export "call") (param i64) (result i32) (call_indirect $t (type $f) (i32.const 21) (local.get 0)))
      (func (export "tail") (param i64) (result i32) (return_call_indirect $t (type $f) (i32.const 21) (local.get 0)))
      (func (export "grow") (param i64) (result i64) (table.grow $t (ref.null func) (local.get 0)))
      (func (export "size") (result i64) (table.size $t))
      (func (export "get") (param i64) (result i32) (ref.is_null (table.get $t (local.get 0)))))"#;
    for mut store in backends() {
        instance(&mut store, wat);
        let mut one = |name: &str, args: &[Val]| match call(&mut store, name, args) {
            CallOutcome::Returned(vals) => Ok(vals[0]),
            CallOutcome::Trapped(trap) => Err(trap.kind),
            other => panic!("{other:?}"),
        };
        for name in ["call", "tail"] {
            assert_eq!(one(name, &[Val::I64(1)]), Ok(Val::I32(42)));
            assert_eq!(one(name, &[Val::I64(2)]), Err(TrapKind::IndirectCallToNull));
            assert_eq!(
                one(name, &[Val::I64(1 << 32 | 1)]),
                Err(TrapKind::UndefinedElement)
            );
        }
        assert_eq!(one("grow", &[Val::I64(1 << 32)]), Ok(Val::I64(-1)));
        assert_eq!(one("grow", &[Val::I64(5)]), Ok(Val::I64(-1)));
        assert_eq!(one("grow", &[Val::I64(4)]), Ok(Val::I64(4)));
        assert_eq!(one("size", &[]), Ok(Val::I64(8)));
        assert_eq!(one("get", &[Val::I64(7)]), Ok(Val::I32(1)));
        assert_eq!(one("get", &[Val::I64(-1)]), Err(TrapKind::TableOutOfBounds));
    }
}

#[test]
fn exceptions_that_the_host_holds_are_values() {
    let wat = r#"(module (tag $t (param i32))
      (func (export "catch") (param i32) (result exnref)
        (block $h (result exnref) (try_table (catch_all_ref $h) (throw $t (local.get 0))) unreachable))
      (func (export "number") (param exnref) (result i32)
        (block $h (result i32) (try_table (catch $t $h) (throw_ref (local.get 0))) unreachable)))"#;
    for mut store in backends() {
        instance(&mut store, wat);
        let CallOutcome::Returned(vals) = call(&mut store, "catch", &[Val::I32(17)]) else {
            panic!("nothing caught");
        };
        assert_eq!(vals[0].ty(), ValType::ExnRef);
        assert_eq!(returned(call(&mut store, "number", &vals)), [17]);
        let unknown = store.call(
            number(&store, "number"),
            &[Val::ExnRef(99)],
            &mut Watcher::default(),
        );
        assert!(unknown.is_err());
    }
}
