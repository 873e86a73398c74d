//! Watched stores, over both backends: every way memory is written, the place where the guest then stands, and turning
//! it on and off in the middle.

// A list of ranges that has one is a list all the same.
#![allow(clippy::single_range_in_vec_init)]

mod runtime_support;

use runtime_support::{Watcher, backends, call, host, instance, number};
use stepwell_engine::compile::{self, Instrumentation, StoreCheck};
use stepwell_engine::module::text::{operator_offsets, operator_text};
use stepwell_engine::runtime::host::HostError;
use stepwell_engine::runtime::paused::{Paused, Resume, StopCause, Stops, TickAction};
use stepwell_engine::runtime::store::{Backend, CallOutcome, Store};
use stepwell_engine::types::{Val, ValType};

/// The text of an instruction.
fn text(paused: &Paused<'_>, instance: u32, pc: u64) -> String {
    let module = paused.store().module(instance).expect("an instance");
    operator_text(module, pc).expect("an instruction")
}

/// Calls `f`, noting each watched store as (what stored, addresses, what comes next) and each probe as what comes next.
fn stores(store: &mut Store, args: &[Val], seen: &mut Vec<String>) -> CallOutcome {
    let mut watcher = Watcher::on_stop(|paused, cause| {
        let head = paused.head(0).expect("a frame");
        assert!(paused.frame(0).is_some());
        let next = text(paused, head.instance, head.pc.0);
        seen.push(match cause {
            StopCause::Watch(written) => {
                let by = text(paused, head.instance, written.pc.0);
                format!("{by} [{}, {}) {next}", written.bytes.start, written.bytes.end)
            }
            StopCause::Probe => format!("before {next}"),
            other => format!("{other:?}"),
        });
        Resume::Continue
    });
    let func = number(store, "f");
    store.call(func, args, &mut watcher).expect("a call")
}

const ALL_WAYS: &str = r#"(module
  (import "env" "write" (func $write (param i32 i32)))
  (memory (export "memory") 2)
  (data $data "abcdefgh")
  (func (export "f") (param $at i32) (param $x v128) (param $f f64)
    (i32.store8 (local.get $at) (i32.const 1))
    (i64.store16 offset=3 (local.get $at) (i64.const 2))
    (f32.store (i32.const 98) (f32.demote_f64 (local.get $f)))
    (f64.store (local.get $at) (local.get $f))
    (i64.store32 (i32.add (local.get $at) (i32.const 12)) (i64.const -1))
    (v128.store (i32.sub (local.get $at) (i32.const 15)) (local.get $x))
    (v128.store16_lane offset=1 3 (local.get $at) (local.get $x))
    (memory.fill (i32.const 0) (i32.const 7) (i32.const 200))
    (memory.copy (i32.const 99) (i32.const 0) (i32.const 1))
    (memory.copy (i32.const 101) (i32.const 0) (i32.const 3))
    (memory.init $data (i32.const 95) (i32.const 0) (i32.const 6))
    (memory.fill (i32.const 100) (i32.const 0) (i32.const 0))
    (call $write (i32.const 80) (i32.const 21))
    (call $write (i32.const 80) (i32.const 20))
    (i32.store (i32.const 110) (i32.const 5))
    (i32.store offset=2 (i32.const 110) (i32.const 5))))"#;

fn with_writer(mut store: Store) -> Store {
    let params = [ValType::I32, ValType::I32];
    store.define_host(host("env", "write", &params, &[], |args, call| {
        let (Val::I32(at), Val::I32(len)) = (args[0], args[1]) else {
            panic!("{args:?}")
        };
        let memory = call.memory.as_mut().expect("a memory");
        memory.write(at as u32, len as u32).expect("inside").fill(9);
        Ok(())
    }));
    store
}

#[test]
fn every_way_to_store_is_seen() {
    for store in backends() {
        let mut store = with_writer(store);
        let it = instance(&mut store, ALL_WAYS);
        store.watch(it, 0, &[100..101, 114..116]).expect("a memory");
        let mut seen = Vec::new();
        let args = [Val::I32(100), Val::V128(3), Val::F64(0)];
        assert_eq!(
            stores(&mut store, &args, &mut seen),
            CallOutcome::Returned(vec![])
        );
        assert_eq!(
            seen,
            [
                "i32.store8 [100, 101) local.get 0",
                "f32.store [98, 102) local.get 0",
                "f64.store [100, 108) local.get 0",
                "i64.store32 [112, 116) local.get 0",
                "v128.store [85, 101) local.get 0",
                "memory.fill [0, 200) i32.const 99",
                "memory.init 0 [95, 101) i32.const 100",
                "call $write [80, 101) i32.const 80",
                "i32.store offset=2 [112, 116) end",
            ]
        );
    }
}

/// Frames that only wait to return, the host's caller and one whose callee has too many arguments to take its place, come
/// to no boundary any more.
const IN_TAIL_POSITION: &str = r#"(module
  (import "env" "write" (func $write (param i32 i32)))
  (memory 1)
  (func $tail (return_call $write (i32.const 80) (i32.const 21)))
  (func $many (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    (return_call $write (i32.const 90) (i32.const 11)))
  (func $few
    (return_call $many
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
  (func (export "f") (call $tail) (nop) (call $few) (i32.store (i32.const 110) (i32.const 5))))"#;

#[test]
fn a_store_in_tail_position_is_seen_where_the_guest_goes_on() {
    for store in backends() {
        let mut store = with_writer(store);
        let it = instance(&mut store, IN_TAIL_POSITION);
        store.watch(it, 0, &[100..101]).expect("a memory");
        let mut seen = Vec::new();
        assert_eq!(stores(&mut store, &[], &mut seen), CallOutcome::Returned(vec![]));
        assert_eq!(
            seen,
            [
                "return_call $write [80, 101) nop",
                "return_call $write [90, 101) i32.const 110"
            ]
        );
    }
}

#[test]
fn a_store_of_a_host_function_that_fails_is_not_seen_in_the_next_call() {
    for mut store in backends() {
        store.define_host(host("env", "fail", &[], &[], |_, call| {
            let memory = call.memory.as_mut().expect("a memory");
            memory.write(100, 1).expect("inside").fill(9);
            Err(HostError::Trap("no".to_string()))
        }));
        let wat = r#"(module (import "env" "fail" (func $fail)) (memory 1)
          (func (export "g") (call $fail)) (func (export "f") nop nop))"#;
        let it = instance(&mut store, wat);
        store.watch(it, 0, &[100..101]).expect("a memory");
        assert!(matches!(call(&mut store, "g", &[]), CallOutcome::Trapped(_)));
        let mut seen = Vec::new();
        assert_eq!(stores(&mut store, &[], &mut seen), CallOutcome::Returned(vec![]));
        assert_eq!(seen, [""; 0]);
    }
}

#[test]
fn a_store_that_the_guest_ends_with_is_not_seen_in_the_next_call() {
    for store in backends() {
        let mut store = with_writer(store);
        let wat = r#"(module (import "env" "write" (func $write (param i32 i32))) (memory 1)
          (func (export "g") (return_call $write (i32.const 80) (i32.const 21))) (func (export "f") nop nop))"#;
        let it = instance(&mut store, wat);
        store.watch(it, 0, &[100..101]).expect("a memory");
        assert_eq!(call(&mut store, "g", &[]), CallOutcome::Returned(vec![]));
        let mut seen = Vec::new();
        assert_eq!(stores(&mut store, &[], &mut seen), CallOutcome::Returned(vec![]));
        assert_eq!(seen, [""; 0]);
    }
}

/// The handler wants other stops between a host function's store and the next instruction.
#[test]
fn a_store_is_seen_at_the_next_instruction_whatever_stops_are_asked_for_meanwhile() {
    for store in backends() {
        let mut store = with_writer(store);
        let interrupt = store.interrupt();
        let it = instance(&mut store, ALL_WAYS);
        let offsets = operator_offsets(store.module(it).expect("an instance"), 1);
        store.watch(it, 0, &[100..101]).expect("a memory");
        let (mut seen, mut asked) = (Vec::new(), 0);
        let mut watcher = Watcher::new(
            |paused, cause| {
                let pc = paused.head(0).expect("a frame").pc.0;
                if let StopCause::Watch(written) = cause {
                    let by = text(paused, it, written.pc.0);
                    if by == "call $write" {
                        seen.push(format!("{by} {}", text(paused, it, pc)));
                    }
                    interrupt.raise();
                }
                Resume::Continue
            },
            |paused| {
                asked += 1;
                let stops = Stops::at([offsets[0], offsets[asked % offsets.len()]]);
                paused.set_stops(it, 1, stops).expect("compiles");
                interrupt.raise();
                TickAction::Continue
            },
        );
        let args = [Val::I32(100), Val::V128(3), Val::F64(0)];
        let outcome = store.call(number(&store, "f"), &args, &mut watcher);
        drop(watcher);
        assert_eq!(outcome, Ok(CallOutcome::Returned(vec![])));
        assert_eq!(seen, ["call $write i32.const 80"]);
        assert!(asked > 2);
    }
}

#[test]
fn nothing_is_seen_once_nothing_is_watched() {
    for store in backends() {
        let mut store = with_writer(store);
        let it = instance(&mut store, ALL_WAYS);
        let args = [Val::I32(100), Val::V128(3), Val::F64(0)];
        let mut seen = Vec::new();
        store.watch(it, 0, &[0..0]).expect("a memory");
        stores(&mut store, &args, &mut seen);
        store.watch(it, 0, &[0..1 << 32]).expect("a memory");
        store.watch(it, 0, &[]).expect("a memory");
        stores(&mut store, &args, &mut seen);
        assert_eq!(seen, [""; 0]);
        assert!(store.watch(it, 1, &[]).is_err() && store.watch(7, 0, &[]).is_err());
    }
}

const LOOP: &str = r#"(module
  (memory 1)
  (func $put (param $i i32)
    (i32.store (i32.mul (local.get $i) (i32.const 4)) (local.get $i))
    (nop))
  (func (export "f") (result i32) (local $i i32)
    (loop $again
      (call $put (local.get $i))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
    (i32.load (i32.const 36))))"#;

#[test]
fn a_stop_behind_a_store_comes_after_it() {
    for mut store in backends() {
        let it = instance(&mut store, LOOP);
        let module = store.module(it).expect("an instance").clone();
        let body = module.body(0).expect("a body");
        let nop = (body.first_op..body.range.end).rfind(|&at| module.bytes[at] == 0x01);
        store
            .set_stops(it, 0, Stops::at([nop.expect("a nop") as u64]))
            .expect("compiles");
        store.watch(it, 0, &[8..13]).expect("a memory");
        let mut seen = Vec::new();
        assert_eq!(
            stores(&mut store, &[], &mut seen),
            CallOutcome::Returned(vec![Val::I32(9)])
        );
        let mut expected = vec!["before nop"; 10];
        expected.insert(2, "i32.store [8, 12) nop");
        expected.insert(4, "i32.store [12, 16) nop");
        assert_eq!(seen, expected);
    }
}

#[test]
fn watching_begins_moves_and_ends_while_the_guest_stands_still() {
    for mut store in backends() {
        let it = instance(&mut store, LOOP);
        store.watch(it, 0, &[8..9]).expect("a memory");
        let mut seen = Vec::new();
        let mut watcher = Watcher::on_stop(|paused, cause| {
            match cause {
                StopCause::Watch(written) => {
                    seen.push(written.bytes.start);
                    let frame = paused.frame(0).expect("a frame");
                    assert_eq!(frame.locals, [Val::I32((written.bytes.start / 4) as i32)]);
                    match written.bytes.start {
                        8 => paused.watch(it, 0, &[12..13, 20..24]).expect("a memory"),
                        20 => {
                            // The code without checks, and from its next boundary on all others.
                            paused.watch(it, 0, &[]).expect("a memory");
                            paused.set_flood(true);
                        }
                        _ => {}
                    }
                }
                StopCause::Probe => {
                    let frame = paused.frame(0).expect("a frame");
                    if frame.head.func == 0 && frame.locals == [Val::I32(7)] {
                        paused.watch(it, 0, &[28..40]).expect("a memory");
                        paused.set_flood(false);
                    } else {
                        seen.push(100);
                    }
                }
                other => panic!("{other:?}"),
            }
            Resume::Continue
        });
        let outcome = store.call(number(&store, "f"), &[], &mut watcher);
        drop(watcher);
        assert_eq!(outcome, Ok(CallOutcome::Returned(vec![Val::I32(9)])));
        let probes = seen.iter().filter(|&&at| at == 100).count();
        seen.retain(|&at| at != 100);
        assert_eq!(seen, [8, 12, 20, 28, 32, 36]);
        // `nop` and `end` of one call, the loop, a whole call, the loop, to the beginning of the next.
        assert_eq!(probes, 2 + 9 + 7 + 9);
    }
}

#[test]
fn a_memory_is_watched_whoever_stores_to_it() {
    for mut store in backends() {
        let first = instance(
            &mut store,
            r#"(module (memory (export "memory") 1) (func (export "put") (i32.store8 (i32.const 5) (i32.const 1))))"#,
        );
        for name in ["memory", "put"] {
            let what = store.export(first, name).expect("exported");
            store.define("first", name, what);
        }
        store.watch(first, 0, &[5..6]).expect("a memory");
        instance(
            &mut store,
            r#"(module (import "first" "memory" (memory 1)) (import "first" "put" (func $put))
              (func (export "f") (i64.store (i32.const 0) (i64.const -1)) (call $put)))"#,
        );
        let mut seen = Vec::new();
        stores(&mut store, &[], &mut seen);
        assert_eq!(seen, ["i64.store [0, 8) call $put", "i32.store8 [5, 6) end"]);
        assert_eq!(call(&mut store, "f", &[]), CallOutcome::Returned(vec![]));
    }
}

/// Stores of every width at an address that is handed over.
const EACH_WIDTH: &str = r#"(module
  (memory 4)
  (func (export "f") (param $at i32) (param $x v128) (param $f f64)
    (i32.store8 (local.get $at) (i32.const 1))
    (i32.store16 (local.get $at) (i32.const 1))
    (i32.store (local.get $at) (i32.const 1))
    (i64.store (local.get $at) (i64.const 1))
    (v128.store (local.get $at) (local.get $x))
    (f64.store offset=32768 (local.get $at) (local.get $f))
    (i64.store (i32.const 131071) (i64.const 1))))"#;

#[test]
fn what_lies_between_watched_ranges_is_not_seen() {
    let mut numbers = 5u32;
    let mut below = |count: u32| {
        numbers = numbers.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u64::from((numbers >> 8) % count)
    };
    let mut both: Vec<Store> = backends().collect();
    let its: Vec<u32> = both.iter_mut().map(|store| instance(store, EACH_WIDTH)).collect();
    let mut met = 0;
    for _ in 0..300 {
        // More than are listed, at times.
        let count = 1 + below(11);
        let mut ranges: Vec<std::ops::Range<u64>> = (0..count)
            .map(|_| {
                let start = below(200_000);
                let len = [1, 2, 4, 7, 8, 40_000][below(6) as usize];
                start..start + len
            })
            .collect();
        let near = ranges[below(count as u32) as usize].clone();
        // All there is, beside others.
        if below(20) == 0 {
            ranges.push(0..u64::MAX);
        }
        let addresses: Vec<u64> = (0..8)
            .map(|turn| match turn {
                0 => below(200_000),
                1 => near.end,
                // The filter's words repeat.
                2 => (near.start + 32_768) % 200_000,
                _ => (near.start + below(40)).saturating_sub(20),
            })
            .collect();
        let mut answers = Vec::new();
        for (store, &it) in both.iter_mut().zip(&its) {
            store.watch(it, 0, &ranges).expect("a memory");
            let mut seen = Vec::new();
            for &address in &addresses {
                let args = [Val::I32(address as i32), Val::V128(3), Val::F64(0)];
                stores(store, &args, &mut seen);
            }
            answers.push(seen);
        }
        met += answers[0].len();
        assert!(
            answers.windows(2).all(|pair| pair[0] == pair[1]),
            "{ranges:?} {addresses:?}"
        );
    }
    assert!(met > 1_000, "{met}");
}

/// A function just short enough to be compiled is so with whatever watches it and stops in it.
#[test]
fn what_can_be_compiled_can_be_watched() {
    const VALUES: usize = 300;
    let text = |branches: usize| {
        format!(
            r#"(module (memory 1) (func $short)
              (func (export "f") (param i32)
                (call $short)
                {}
                {}
                (block (result {}) {} {})
                {}))"#,
            "(i32.store (i32.const 1000) (i32.const 1))",
            "(i32.store (i32.const 2000) (i32.const 1))".repeat(400),
            "i64 ".repeat(VALUES),
            "(i64.const 0x123456789abcdef)".repeat(VALUES),
            "(br_if 0 (local.get 0))".repeat(branches),
            "drop ".repeat(VALUES),
        )
    };
    let compiles = |branches: usize, stops: Stops, watched_stores: StoreCheck| {
        let module = runtime_support::module(&text(branches));
        let with = Instrumentation {
            stops,
            watched_stores,
        };
        compile::compile_code(&module, &module.vm_layout(), 1, with).is_ok()
    };
    let Ok(mut store) = Store::new(Backend::Compiled) else {
        return;
    };
    let (mut fits, mut too_many) = (1, 2_000);
    while too_many - fits > 1 {
        let middle = (fits + too_many) / 2;
        let enough = compiles(middle, Stops::None, StoreCheck::None);
        *(if enough { &mut fits } else { &mut too_many }) = middle;
    }
    for stops in [Stops::None, Stops::All] {
        for check in [StoreCheck::None, StoreCheck::Range, StoreCheck::Filter] {
            assert!(compiles(fits, stops.clone(), check), "{stops:?}, {check:?}");
            assert!(!compiles(too_many, stops.clone(), check), "{stops:?}, {check:?}");
        }
    }
    let it = instance(&mut store, &text(fits));
    let module = store.module(it).expect("an instance").clone();
    let short = operator_offsets(&module, 0)[0];
    store.set_stops(it, 0, Stops::at([short])).expect("compiles");
    let mut seen = Vec::new();
    let mut watcher = Watcher::on_stop(|paused, cause| {
        match cause {
            StopCause::Watch(written) => seen.push(written.bytes.clone()),
            _ => {
                paused.watch(it, 0, &[1001..1002]).expect("compiles");
                paused
                    .watch(it, 0, &[1001..1002, 40_000..40_001])
                    .expect("compiles");
            }
        }
        Resume::Continue
    });
    let outcome = store.call(number(&store, "f"), &[Val::I32(0)], &mut watcher);
    drop(watcher);
    assert_eq!(outcome, Ok(CallOutcome::Returned(vec![])));
    assert_eq!(seen, [1000..1004]);
}
