//! The store and parked guests, over both backends: linking, segments, calls, stops, pauses, writes, traps.

mod runtime_support;

use runtime_support::{Watcher, backends, call, host, instance, number, store_with, val_of};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use stepwell_engine::error::{Error, TrapKind};
use stepwell_engine::runtime::host::HostError;
use stepwell_engine::runtime::paused::{FrameState, Resume, Stops, TickAction, Trap};
use stepwell_engine::runtime::store::{CallOutcome, Extern};
use stepwell_engine::types::{FuncType, Val, ValType};

const FIB: &str = r#"(module
  (func $fib (export "fib") (param i32) (result i32)
    local.get 0
    i32.const 2
    i32.lt_s
    if (result i32)
      local.get 0
    else
      local.get 0
      i32.const 1
      i32.sub
      call $fib
      local.get 0
      i32.const 2
      i32.sub
      call $fib
      i32.add
    end))"#;

#[test]
fn calls_return_results() {
    for mut store in backends() {
        instance(&mut store, FIB);
        assert_eq!(
            call(&mut store, "fib", &[Val::I32(10)]),
            CallOutcome::Returned(vec![Val::I32(55)])
        );
        assert!(
            store
                .call(number(&store, "fib"), &[Val::I64(1)], &mut Watcher::default())
                .is_err()
        );
        assert!(
            store
                .call(number(&store, "fib"), &[], &mut Watcher::default())
                .is_err()
        );
        assert!(store.call(1000, &[], &mut Watcher::default()).is_err());
    }
}

#[test]
fn many_arguments_and_results_travel() {
    let wat = r#"(module
      (func (export "f")
        (param i32 i64 f32 f64 i32 i64 i32 i64 i32 f64 f64 f64 f64 f64 f64)
        (result i64 f32 i32 f64 f64 i64)
        local.get 7 local.get 2 local.get 8 local.get 14 local.get 3 local.get 1))"#;
    for mut store in backends() {
        instance(&mut store, wat);
        let args = [
            Val::I32(0),
            Val::I64(-1),
            Val::F32(2f32.to_bits()),
            Val::F64(3f64.to_bits()),
            Val::I32(4),
            Val::I64(5),
            Val::I32(6),
            Val::I64(7),
            Val::I32(-8),
            Val::F64(9f64.to_bits()),
            Val::F64(10f64.to_bits()),
            Val::F64(11f64.to_bits()),
            Val::F64(12f64.to_bits()),
            Val::F64(13f64.to_bits()),
            Val::F64(14f64.to_bits()),
        ];
        let expected = vec![args[7], args[2], args[8], args[14], args[3], args[1]];
        assert_eq!(call(&mut store, "f", &args), CallOutcome::Returned(expected));
    }
}

#[test]
fn every_wrong_import_is_named_at_once() {
    for mut store in backends() {
        store.define_host(host("env", "log", &[ValType::I32], &[], |_, _| Ok(())));
        let module = runtime_support::module(
            r#"(module
              (import "env" "missing" (func (param i32 i64) (result f32)))
              (import "env" "mem" (memory 1 2))
              (import "env" "log" (func (param i64)))
              (import "env" "g" (global (mut i32))))"#,
        );
        let Err(Error::Link(message)) = store.instantiate(module) else {
            panic!("linked");
        };
        assert_eq!(
            message,
            "3 unknown imports: \"env\".\"missing\": function (i32 i64) -> (f32), \"env\".\"mem\": memory of 1 to 2 \
             pages, \"env\".\"g\": mutable global i32; incompatible import type: \"env\".\"log\": function (i64) -> \
             () (provided: function (i32) -> ())"
        );
        assert_eq!(store.instances(), 0);
    }
}

#[test]
fn limits_of_imports_are_checked() {
    let provider = r#"(module (memory (export "m") 1 3) (table (export "t") 2 funcref)
      (global (export "g") i32 (i32.const 7)))"#;
    let fits = |import: &str| -> Vec<bool> {
        backends()
            .map(|mut store| {
                let provider = instance(&mut store, provider);
                for name in ["m", "t", "g"] {
                    let what = store.export(provider, name).expect("exported");
                    store.define("p", name, what);
                }
                store
                    .instantiate(runtime_support::module(&format!("(module {import})")))
                    .is_ok()
            })
            .collect()
    };
    let all = |import: &str, expected: bool| {
        let found = fits(import);
        assert!(found.iter().all(|&fits| fits == expected), "{import}: {found:?}");
    };
    all(r#"(import "p" "m" (memory 1 3))"#, true);
    all(r#"(import "p" "m" (memory 1))"#, true);
    all(r#"(import "p" "m" (memory 1 2))"#, false);
    all(r#"(import "p" "m" (memory 2))"#, false);
    all(r#"(import "p" "t" (table 1 funcref))"#, true);
    all(r#"(import "p" "t" (table 1 5 funcref))"#, false);
    all(r#"(import "p" "t" (table 1 externref))"#, false);
    all(r#"(import "p" "g" (global i32))"#, true);
    all(r#"(import "p" "g" (global (mut i32)))"#, false);
    all(r#"(import "p" "g" (global i64))"#, false);
    all(r#"(import "p" "g" (func))"#, false);
}

#[test]
fn instances_share_what_they_import() {
    for mut store in backends() {
        let first = instance(
            &mut store,
            r#"(module (memory (export "m") 1) (global $g (export "g") (mut i32) (i32.const 3))
              (table (export "t") 4 funcref) (elem (i32.const 1) $inc)
              (func $inc (export "inc") (param i32) (result i32)
                (global.set $g (i32.add (global.get $g) (i32.const 1)))
                (i32.add (local.get 0) (i32.const 1))))"#,
        );
        for name in ["m", "g", "t", "inc"] {
            let what = store.export(first, name).expect("exported");
            store.define("a", name, what);
        }
        let second = instance(
            &mut store,
            r#"(module (import "a" "m" (memory 1)) (import "a" "g" (global $g (mut i32)))
              (import "a" "t" (table 4 funcref)) (import "a" "inc" (func $inc (param i32) (result i32)))
              (type $f (func (param i32) (result i32)))
              (func (export "run") (result i32)
                (i32.store (i32.const 8) (i32.const 99))
                (call $inc (call_indirect (type $f) (i32.const 40) (i32.const 1)))))"#,
        );
        assert_eq!(
            call(&mut store, "run", &[]),
            CallOutcome::Returned(vec![Val::I32(42)])
        );
        assert_eq!(store.global(first, 0), Some(Val::I32(5)));
        assert_eq!(store.global(second, 0), Some(Val::I32(5)));
        assert_eq!(
            store.memory(first, 0).and_then(|bytes| bytes.get(8).copied()),
            Some(99)
        );
        let element = store
            .table(second, 0)
            .and_then(|elements| elements.get(1).copied())
            .unwrap_or(0);
        assert_eq!(store.func_of_ref(element), Some((first, 0)));
        assert_eq!(store.func_of_ref(0), None);
        assert_eq!(store.func_of_ref(12345), None);
    }
}

#[test]
fn active_segments_are_applied_in_order_and_bounds_come_first() {
    for mut store in backends() {
        let provider = instance(&mut store, r#"(module (memory (export "m") 1))"#);
        let memory = store.export(provider, "m").expect("exported");
        store.define("p", "m", memory);
        let module = runtime_support::module(
            r#"(module (import "p" "m" (memory 1))
              (data (i32.const 4) "abc")
              (data (i32.const 65534) "xyz"))"#,
        );
        let trap = store
            .instantiate(module)
            .expect("links")
            .expect_err("out of bounds");
        assert_eq!(trap.kind, TrapKind::MemoryOutOfBounds);
        let bytes = store.memory(provider, 0).expect("memory");
        assert_eq!(&bytes[4..7], b"abc");
        assert_eq!(&bytes[65534..], &[0, 0]);
        let module =
            runtime_support::module(r#"(module (table 2 funcref) (func $f) (elem (i32.const 1) $f $f))"#);
        let trap = store
            .instantiate(module)
            .expect("links")
            .expect_err("out of bounds");
        assert_eq!(trap.kind, TrapKind::TableOutOfBounds);
    }
}

#[test]
fn bulk_operations_follow_the_spec() {
    let wat = r#"(module (memory (export "m") 1 3) (table $t 3 10 funcref)
      (data $d "hello") (elem $e func $f) (func $f)
      (func (export "init") (param i32 i32 i32) (memory.init $d (local.get 0) (local.get 1) (local.get 2)))
      (func (export "drop") (data.drop $d))
      (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
      (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "tgrow") (param i32) (result i32) (table.grow $t (ref.func $f) (local.get 0)))
      (func (export "tinit") (param i32 i32 i32) (table.init $t $e (local.get 0) (local.get 1) (local.get 2)))
      (func (export "tfill") (param i32 i32) (table.fill $t (local.get 0) (ref.null func) (local.get 1)))
      (func (export "tcopy") (param i32 i32 i32) (table.copy $t $t (local.get 0) (local.get 1) (local.get 2)))
      (func (export "tnull") (param i32) (result i32) (ref.is_null (table.get $t (local.get 0)))))"#;
    for mut store in backends() {
        let it = instance(&mut store, wat);
        let ints = |values: &[i32]| values.iter().map(|&value| Val::I32(value)).collect::<Vec<_>>();
        let done = CallOutcome::Returned(vec![]);
        let oob = |kind| CallOutcome::Trapped(Trap { kind, message: None });
        let memory_oob = oob(TrapKind::MemoryOutOfBounds);
        let table_oob = oob(TrapKind::TableOutOfBounds);
        assert_eq!(call(&mut store, "init", &ints(&[10, 1, 4])), done);
        assert_eq!(&store.memory(it, 0).expect("memory")[9..15], b"\0ello\0");
        assert_eq!(call(&mut store, "init", &ints(&[65535, 0, 2])), memory_oob);
        assert_eq!(call(&mut store, "init", &ints(&[0, 4, 2])), memory_oob);
        assert_eq!(call(&mut store, "copy", &ints(&[11, 10, 4])), done);
        assert_eq!(&store.memory(it, 0).expect("memory")[9..16], b"\0eello\0");
        assert_eq!(call(&mut store, "copy", &ints(&[65536, 0, 0])), done);
        assert_eq!(call(&mut store, "copy", &ints(&[65537, 0, 0])), memory_oob);
        assert_eq!(call(&mut store, "fill", &ints(&[-1, 7, 2])), memory_oob);
        assert_eq!(call(&mut store, "fill", &ints(&[65534, 0x107, 2])), done);
        assert_eq!(&store.memory(it, 0).expect("memory")[65533..], &[0, 7, 7]);
        assert_eq!(call(&mut store, "drop", &[]), done);
        assert_eq!(call(&mut store, "init", &ints(&[0, 0, 0])), done);
        assert_eq!(call(&mut store, "init", &ints(&[0, 0, 1])), memory_oob);
        assert_eq!(
            call(&mut store, "grow", &ints(&[2])),
            CallOutcome::Returned(ints(&[1]))
        );
        assert_eq!(
            call(&mut store, "grow", &ints(&[1])),
            CallOutcome::Returned(ints(&[-1]))
        );
        assert_eq!(
            call(&mut store, "grow", &ints(&[-1])),
            CallOutcome::Returned(ints(&[-1]))
        );
        assert_eq!(store.memory(it, 0).expect("memory").len(), 3 * 65536);
        assert_eq!(call(&mut store, "fill", &ints(&[3 * 65536 - 1, 1, 1])), done);
        assert_eq!(call(&mut store, "tinit", &ints(&[2, 0, 1])), done);
        assert_eq!(call(&mut store, "tinit", &ints(&[3, 0, 1])), table_oob);
        assert_eq!(
            call(&mut store, "tnull", &ints(&[2])),
            CallOutcome::Returned(ints(&[0]))
        );
        assert_eq!(call(&mut store, "tcopy", &ints(&[0, 2, 1])), done);
        assert_eq!(call(&mut store, "tcopy", &ints(&[0, 2, 2])), table_oob);
        assert_eq!(
            call(&mut store, "tnull", &ints(&[0])),
            CallOutcome::Returned(ints(&[0]))
        );
        assert_eq!(
            call(&mut store, "tgrow", &ints(&[7])),
            CallOutcome::Returned(ints(&[3]))
        );
        assert_eq!(
            call(&mut store, "tgrow", &ints(&[1])),
            CallOutcome::Returned(ints(&[-1]))
        );
        assert_eq!(
            call(&mut store, "tnull", &ints(&[9])),
            CallOutcome::Returned(ints(&[0]))
        );
        assert_eq!(call(&mut store, "tfill", &ints(&[8, 2])), done);
        assert_eq!(call(&mut store, "tfill", &ints(&[9, 2])), table_oob);
        assert_eq!(
            call(&mut store, "tnull", &ints(&[9])),
            CallOutcome::Returned(ints(&[1]))
        );
    }
}

#[test]
fn memory_limit_of_the_store_is_honoured() {
    for mut store in backends() {
        store.limit_memory(4);
        instance(
            &mut store,
            r#"(module (memory 2) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#,
        );
        assert_eq!(
            call(&mut store, "grow", &[Val::I32(3)]),
            CallOutcome::Returned(vec![Val::I32(-1)])
        );
        assert_eq!(
            call(&mut store, "grow", &[Val::I32(2)]),
            CallOutcome::Returned(vec![Val::I32(2)])
        );
        assert!(matches!(
            store.instantiate(runtime_support::module("(module (memory 5))")),
            Err(Error::Host(_))
        ));
    }
}

#[test]
fn traps_park_the_guest_before_the_instruction() {
    let wat = r#"(module (memory 1)
      (func $load (export "load") (param $at i32) (result i32) (local $x i64)
        (local.set $x (i64.const 77))
        i32.const 5
        local.get $at
        i32.load offset=4
        i32.add)
      (func (export "outer") (param i32) (result i32) (call $load (local.get 0)))
      (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
      (func (export "stop") unreachable))"#;
    for mut store in backends() {
        instance(&mut store, wat);
        let mut seen = None;
        let mut watcher = Watcher::on_stop(|paused, _| {
            seen = Some((paused.depth(), paused.frame(0), paused.frame(1), paused.frame(2)));
            Resume::Continue
        });
        let outcome = store.call(number(&store, "outer"), &[Val::I32(65533)], &mut watcher);
        drop(watcher);
        let trap = Trap {
            kind: TrapKind::MemoryOutOfBounds,
            message: None,
        };
        assert_eq!(outcome, Ok(CallOutcome::Trapped(trap)));
        let (depth, frame, caller, none) = seen.expect("parked");
        assert_eq!((depth, none), (2, None));
        let (frame, caller) = (frame.expect("frame 0"), caller.expect("frame 1"));
        assert_eq!(frame.head.state, FrameState::Trapped);
        assert_eq!(frame.locals, vec![Val::I32(65533), Val::I64(77)]);
        assert_eq!(frame.operands, vec![Val::I32(5), Val::I32(65533)]);
        assert_eq!(caller.head.state, FrameState::InCall);
        assert_eq!(caller.locals, vec![Val::I32(65533)]);
        assert_eq!(caller.operands, vec![]);
        let kinds: Vec<_> = [
            ("div", vec![Val::I32(1), Val::I32(0)]),
            ("div", vec![Val::I32(i32::MIN), Val::I32(-1)]),
            ("stop", vec![]),
        ]
        .iter()
        .map(|(name, args)| match call(&mut store, name, args) {
            CallOutcome::Trapped(trap) => trap.kind,
            other => panic!("{other:?}"),
        })
        .collect();
        assert_eq!(
            kinds,
            [
                TrapKind::IntegerDivideByZero,
                TrapKind::IntegerOverflow,
                TrapKind::Unreachable
            ]
        );
        // The store goes on being usable.
        let outcome = call(&mut store, "load", &[Val::I32(0)]);
        assert_eq!(outcome, CallOutcome::Returned(vec![Val::I32(5)]));
    }
}

#[test]
fn deep_recursion_traps_and_is_walkable() {
    let wat = r#"(module (func $f (export "f") (param i32) (result i32)
        (i32.add (call $f (i32.add (local.get 0) (i32.const 1))) (i32.const 1))))"#;
    for mut store in backends() {
        instance(&mut store, wat);
        let mut seen = None;
        let mut watcher = Watcher::on_stop(|paused, _| {
            let depth = paused.depth();
            seen = Some((depth, paused.frame(depth - 1), paused.token(0) < paused.token(1)));
            Resume::Continue
        });
        let outcome = store.call(number(&store, "f"), &[Val::I32(0)], &mut watcher);
        drop(watcher);
        assert!(
            matches!(&outcome, Ok(CallOutcome::Trapped(trap)) if trap.kind == TrapKind::StackExhausted),
            "{outcome:?}"
        );
        let (depth, outermost, ordered) = seen.expect("parked");
        assert!(depth > 1000, "{depth}");
        assert_eq!(outermost.expect("frame").locals, vec![Val::I32(0)]);
        assert!(ordered);
    }
}

#[test]
fn breakpoints_stop_and_values_can_be_written() {
    for mut store in backends() {
        let it = instance(&mut store, FIB);
        let module = store.module(it).expect("module").clone();
        let first = module.body(0).expect("body").first_op as u64;
        store.set_stops(it, 0, Stops::at([first])).expect("compiles");
        let mut args = Vec::new();
        let mut watcher = Watcher::on_stop(|paused, cause| {
            assert_eq!(*cause, stepwell_engine::runtime::paused::StopCause::Probe);
            let frame = paused.frame(0).expect("frame");
            assert_eq!(frame.head.pc.0, first);
            args.push(val_of(frame.locals[0]));
            if args.len() == 1 {
                assert!(paused.set_local(0, 0, 3));
                assert!(!paused.set_local(0, 1, 3));
                assert!(!paused.set_local(1, 0, 3));
            }
            Resume::Continue
        });
        let outcome = store.call(number(&store, "fib"), &[Val::I32(9)], &mut watcher);
        drop(watcher);
        assert_eq!(outcome, Ok(CallOutcome::Returned(vec![Val::I32(2)])));
        assert_eq!(args, [9, 2, 1, 0, 1]);
    }
}

#[test]
fn stops_change_while_frames_are_live() {
    for mut store in backends() {
        let it = instance(&mut store, FIB);
        let module = store.module(it).expect("module").clone();
        let first = module.body(0).expect("body").first_op as u64;
        store.set_stops(it, 0, Stops::at([first])).expect("compiles");
        let mut hits = 0;
        let mut adds = Vec::new();
        let mut add_offset = None;
        let mut watcher = Watcher::on_stop(|paused, _| {
            hits += 1;
            let head = paused.head(0).expect("head");
            if head.pc.0 == first {
                // Deep in the recursion: from now on stop at the `i32.add` of every live frame only.
                if val_of(paused.frame(0).expect("frame").locals[0]) == 1 {
                    let bytes = &module.bytes;
                    let end = module.body(0).expect("body").range.end as u64;
                    let add = (first..end)
                        .rev()
                        .find(|&at| bytes[at as usize] == 0x6a)
                        .expect("add");
                    add_offset = Some(add);
                    paused.set_stops(it, 0, Stops::at([add])).expect("compiles");
                }
            } else {
                assert_eq!(Some(head.pc.0), add_offset);
                let frame = paused.frame(0).expect("frame");
                adds.push((
                    val_of(frame.locals[0]),
                    frame.operands.iter().copied().map(val_of).collect::<Vec<_>>(),
                ));
            }
            Resume::Continue
        });
        let outcome = store.call(number(&store, "fib"), &[Val::I32(4)], &mut watcher);
        drop(watcher);
        assert_eq!(outcome, Ok(CallOutcome::Returned(vec![Val::I32(3)])));
        assert_eq!(
            adds,
            [(2, vec![1, 0]), (3, vec![1, 1]), (2, vec![1, 0]), (4, vec![2, 1])]
        );
        assert_eq!(hits, 4 + 4);
    }
}

#[test]
fn flood_sees_every_instruction() {
    let counts: Vec<Vec<(u64, u32)>> = backends()
        .map(|mut store| {
            instance(&mut store, FIB);
            store.set_flood(true).expect("compiles");
            let mut trace = Vec::new();
            let mut watcher = Watcher::on_stop(|paused, _| {
                trace.push((paused.head(0).expect("head").pc.0, paused.depth()));
                Resume::Continue
            });
            let outcome = store.call(number(&store, "fib"), &[Val::I32(3)], &mut watcher);
            drop(watcher);
            assert_eq!(outcome, Ok(CallOutcome::Returned(vec![Val::I32(2)])));
            trace
        })
        .collect();
    assert!(counts[0].len() > 50);
    for trace in &counts[1..] {
        assert_eq!(trace, &counts[0]);
    }
}

#[test]
fn flood_turned_on_and_off_in_the_middle() {
    for mut store in backends() {
        let it = instance(&mut store, FIB);
        let first = store.module(it).expect("module").body(0).expect("body").first_op as u64;
        store.set_stops(it, 0, Stops::at([first])).expect("compiles");
        let mut trace = Vec::new();
        let mut watcher = Watcher::on_stop(|paused, _| {
            trace.push(paused.head(0).expect("head").pc.0);
            match trace.len() {
                3 => paused.set_flood(true),
                13 => {
                    paused.set_flood(false);
                    paused.set_stops(it, 0, Stops::None).expect("compiles");
                }
                _ => {}
            }
            Resume::Continue
        });
        let outcome = store.call(number(&store, "fib"), &[Val::I32(7)], &mut watcher);
        drop(watcher);
        assert_eq!(outcome, Ok(CallOutcome::Returned(vec![Val::I32(13)])));
        assert_eq!(trace.len(), 13);
        assert_eq!(trace[..3], [first; 3]);
        assert!(trace[3..].windows(2).all(|pair| pair[0] != pair[1]));
    }
}

#[test]
fn abandon_drops_the_guest() {
    for mut store in backends() {
        instance(&mut store, FIB);
        store.set_flood(true).expect("compiles");
        let mut watcher = Watcher::on_stop(|_, _| Resume::Abandon);
        let outcome = store.call(number(&store, "fib"), &[Val::I32(7)], &mut watcher);
        assert_eq!(outcome, Ok(CallOutcome::Abandoned));
        store.set_flood(false).expect("compiles");
        assert_eq!(
            call(&mut store, "fib", &[Val::I32(7)]),
            CallOutcome::Returned(vec![Val::I32(13)])
        );
    }
}

#[test]
fn host_functions_get_memory_and_give_results() {
    let wat = r#"(module (import "env" "put" (func $put (param i32 i64) (result f64 i32)))
      (memory 1)
      (func (export "f") (param $x i32) (result i32) (local $keep i32) (local $f f64)
        (local.set $keep (i32.const 1000))
        (call $put (local.get $x) (i64.const 0x1122334455667788))
        (local.set $keep (i32.add (local.get $keep)))
        drop
        (i32.add (local.get $keep) (i32.load (local.get $x)))))"#;
    for mut store in backends() {
        store.define_host(host(
            "env",
            "put",
            &[ValType::I32, ValType::I64],
            &[ValType::F64, ValType::I32],
            |args, call| {
                let (Val::I32(at), Val::I64(value)) = (args[0], args[1]) else {
                    return Err(HostError::Trap("types".to_string()));
                };
                assert_eq!(value, 0x1122_3344_5566_7788);
                let memory = call.memory.as_mut().expect("memory");
                match memory.write_all(at as u32, &7u32.to_le_bytes()) {
                    Some(()) => {
                        call.results[1] = Val::I32(20);
                        Ok(())
                    }
                    None => Err(HostError::Trap("out of bounds".to_string())),
                }
            },
        ));
        instance(&mut store, wat);
        assert_eq!(
            call(&mut store, "f", &[Val::I32(8)]),
            CallOutcome::Returned(vec![Val::I32(1027)])
        );
        let mut state = None;
        let mut watcher = Watcher::on_stop(|paused, _| {
            let frame = paused.frame(0).expect("frame");
            state = Some((frame.head.state, frame.locals[1], frame.operands));
            Resume::Continue
        });
        let outcome = store.call(number(&store, "f"), &[Val::I32(-1)], &mut watcher);
        drop(watcher);
        let trap = Trap {
            kind: TrapKind::Host,
            message: Some("out of bounds".to_string()),
        };
        assert_eq!(outcome, Ok(CallOutcome::Trapped(trap)));
        assert_eq!(state, Some((FrameState::InCall, Val::I32(1000), vec![])));
    }
}

#[test]
fn host_functions_are_called_directly_and_end_programs() {
    for mut store in backends() {
        let exit = store.define_host(host("env", "exit", &[ValType::I32], &[], |args, _| {
            match args[0] {
                Val::I32(code) => Err(HostError::Exit(code as u32)),
                _ => Ok(()),
            }
        }));
        let Extern::Func(exit) = exit else {
            panic!("{exit:?}")
        };
        assert_eq!(
            store.call(exit, &[Val::I32(3)], &mut Watcher::default()),
            Ok(CallOutcome::Exited(3))
        );
        instance(
            &mut store,
            r#"(module (import "env" "exit" (func $exit (param i32)))
              (func (export "f") (call $exit (i32.const 4))) (export "again" (func $exit)))"#,
        );
        assert_eq!(call(&mut store, "f", &[]), CallOutcome::Exited(4));
        assert_eq!(call(&mut store, "again", &[Val::I32(5)]), CallOutcome::Exited(5));
        let ty = FuncType {
            params: vec![ValType::I32],
            results: vec![],
        };
        assert_eq!(store.func_type(exit), Some(&ty));
    }
}

#[test]
fn host_results_have_canonical_nans() {
    for mut store in backends() {
        store.define_host(host(
            "env",
            "nan",
            &[],
            &[ValType::F32, ValType::F64],
            |_, call| {
                call.results[0] = Val::F32(0xffc1_2345);
                call.results[1] = Val::F64(0xfff8_0000_0000_1234);
                Ok(())
            },
        ));
        instance(
            &mut store,
            r#"(module (import "env" "nan" (func $nan (result f32 f64)))
              (func (export "f") (result f32 f64) call $nan))"#,
        );
        let expected = vec![Val::F32(0x7fc0_0000), Val::F64(0x7ff8_0000_0000_0000)];
        assert_eq!(call(&mut store, "f", &[]), CallOutcome::Returned(expected));
    }
}

#[test]
fn a_waiting_host_function_is_interrupted_and_called_again() {
    let calls = Arc::new(AtomicU32::new(0));
    for mut store in backends() {
        calls.store(0, Ordering::Relaxed);
        let count = calls.clone();
        store.define_host(host(
            "env",
            "wait",
            &[ValType::I32],
            &[ValType::I32],
            move |args, call| {
                if count.fetch_add(1, Ordering::Relaxed) < 2 {
                    return Err(HostError::Interrupted);
                }
                call.results[0] = args[0];
                Ok(())
            },
        ));
        let wat = r#"(module (import "env" "wait" (func $wait (param i32) (result i32)))
          (func (export "f") (param i32) (result i32)
            (i32.add (i32.const 1) (call $wait (local.get 0)))))"#;
        instance(&mut store, wat);
        let (mut interrupts, mut states) = (0, Vec::new());
        let mut watcher = Watcher::new(
            |paused, cause| {
                let frame = paused.frame(0).expect("frame");
                states.push((cause.clone(), frame.head.state, frame.operands));
                Resume::Continue
            },
            |paused| {
                interrupts += 1;
                assert_eq!(paused.depth(), 1);
                if interrupts == 2 {
                    TickAction::Pause
                } else {
                    TickAction::Continue
                }
            },
        );
        let outcome = store.call(number(&store, "f"), &[Val::I32(41)], &mut watcher);
        drop(watcher);
        assert_eq!(outcome, Ok(CallOutcome::Returned(vec![Val::I32(42)])));
        assert_eq!(interrupts, 2);
        let pause = stepwell_engine::runtime::paused::StopCause::Pause;
        assert_eq!(states, [(pause, FrameState::InCall, vec![Val::I32(1)])]);
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }
}

#[test]
fn a_parked_guest_can_wait_for_another_call() {
    let wat = r#"(module (global $g (mut i32) (i32.const 0))
      (func $double (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
      (func (export "f") (param i32) (result i32) (local $x i32)
        (local.set $x (i32.add (local.get 0) (i32.const 1)))
        (call $double (local.get $x))))"#;
    for mut store in backends() {
        let it = instance(&mut store, wat);
        let body = store
            .module(it)
            .expect("module")
            .body(1)
            .expect("body")
            .range
            .clone();
        store.set_stops(it, 1, Stops::All).expect("compiles");
        let double = number(&store, "double");
        let mut stops = 0;
        let mut watcher = Watcher::on_stop(|paused, _| {
            stops += 1;
            let before = (paused.frame(0), paused.token(0));
            let inner = paused
                .store_mut()
                .call(double, &[Val::I32(21)], &mut Watcher::default());
            assert_eq!(inner, Ok(CallOutcome::Returned(vec![Val::I32(42)])));
            assert_eq!((paused.frame(0), paused.token(0)), before);
            Resume::Continue
        });
        let outcome = store.call(number(&store, "f"), &[Val::I32(4)], &mut watcher);
        drop(watcher);
        assert_eq!(outcome, Ok(CallOutcome::Returned(vec![Val::I32(10)])));
        assert_eq!(stops, 7, "{body:?}");
    }
}

#[test]
fn references_from_outside_are_checked() {
    let wat = r#"(module (table 1 funcref) (global (export "g") (mut funcref) (ref.null func)) (func $f)
      (elem declare func $f)
      (func (export "set") (param funcref) (global.set 0 (local.get 0)))
      (func (export "get") (result funcref) (ref.func $f)))"#;
    for mut store in backends() {
        let it = instance(&mut store, wat);
        assert!(!store.set_global(it, 0, 0x1234));
        assert!(store.set_global(it, 0, 0));
        let CallOutcome::Returned(results) = call(&mut store, "get", &[]) else {
            panic!("no result");
        };
        let Val::FuncRef(bits) = results[0] else {
            panic!("{results:?}")
        };
        assert!(store.set_global(it, 0, u128::from(bits)));
        assert_eq!(store.func_of_ref(bits), Some((it, 0)));
        assert!(
            store
                .call(number(&store, "set"), &[Val::FuncRef(7)], &mut Watcher::default())
                .is_err()
        );
    }
}

#[test]
fn ticks_count_entries_and_loop_bodies() {
    let wat = r#"(module (func (export "f") (param i32) (loop
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br_if 0 (local.get 0)))))"#;
    for store in backends() {
        let mut store = store_with(store, wat);
        let ticks = |store: &mut stepwell_engine::runtime::store::Store, n| {
            let mut last = 0;
            store.set_flood(true).expect("compiles");
            let mut watcher = Watcher::on_stop(|paused, _| {
                last = paused.ticks();
                Resume::Continue
            });
            store
                .call(number(store, "f"), &[Val::I32(n)], &mut watcher)
                .expect("runs");
            drop(watcher);
            store.set_flood(false).expect("compiles");
            last
        };
        assert_eq!(ticks(&mut store, 5), 6);
        assert_eq!(ticks(&mut store, 10), 6 + 11);
        // More than a slice.
        call(&mut store, "f", &[Val::I32(123_456)]);
        assert_eq!(ticks(&mut store, 1), 6 + 11 + 123_457 + 2);
    }
}
