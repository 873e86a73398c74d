//! What is changed of a parked guest is what it goes on with, over both backends.

mod runtime_support;

use runtime_support::{Watcher, backends, call, instance, number};
use stepwell_engine::module::text::operator_offsets;
use stepwell_engine::runtime::paused::{Resume, Stops};
use stepwell_engine::runtime::store::CallOutcome;
use stepwell_engine::types::Val;

#[test]
fn a_written_local_is_not_lost_at_the_next_call() {
    let wat = r#"(module (func $nothing)
      (func (export "f") (param i32) (result i32) (local $x i32) (local $y f64)
        (local.set $x (i32.const 1))
        (local.set $y (f64.const 1))
        (call $nothing)
        (loop
          (local.set $x (i32.add (local.get $x) (i32.const 0)))
          (local.set $y (f64.add (local.get $y) (f64.const 0)))
          (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
          (loop (br_if 1 (local.get 0))))
        (call $nothing)
        nop
        (call $nothing)
        (i32.add (i32.mul (local.get $x) (i32.const 100)) (i32.trunc_f64_s (local.get $y)))))"#;
    for mut store in backends() {
        let it = instance(&mut store, wat);
        let module = store.module(it).expect("module").clone();
        let body = module.body(1).expect("body").range.clone();
        let nop = (body.start..body.end)
            .rev()
            .find(|&at| module.bytes[at] == 0x01 && module.bytes[at - 2] == 0x10)
            .expect("nop");
        store.set_stops(it, 1, Stops::at([nop as u64])).expect("compiles");
        let mut watcher = Watcher::on_stop(|paused, _| {
            assert!(paused.set_local(0, 1, 33));
            assert!(paused.set_local(0, 2, u128::from(44f64.to_bits())));
            Resume::Continue
        });
        let outcome = store.call(number(&store, "f"), &[Val::I32(3)], &mut watcher);
        drop(watcher);
        assert_eq!(outcome, Ok(CallOutcome::Returned(vec![Val::I32(3344)])));
    }
}

/// Code calls what a reference of one type names without another look.
#[test]
fn a_reference_takes_the_place_of_one_of_its_type_alone() {
    let wat = r#"(module
      (type $f (func (param i32) (result i32)))
      (elem declare func $twice $thrice $other)
      (func $twice (type $f) (i32.mul (local.get 0) (i32.const 2)))
      (func $thrice (type $f) (i32.mul (local.get 0) (i32.const 3)))
      (func $other (param i64 funcref) (result funcref) (local.get 1))
      (func (export "others") (result funcref funcref) (ref.func $thrice) (ref.func $other))
      (func $apply (param (ref null $f)) (result i32)
        nop (call_ref $f (i32.const 5) (local.get 0)))
      (func (export "f") (result i32)
        (i32.const 7)
        (ref.func $twice)
        nop
        (call_ref $f)
        (i32.mul (i32.const 100))
        (i32.add (call $apply (ref.func $twice)))))"#;
    for mut store in backends() {
        let it = instance(&mut store, wat);
        let outcome = call(&mut store, "others", &[]);
        let CallOutcome::Returned(others) = outcome else {
            panic!("{outcome:?}")
        };
        let (thrice, other) = (others[0].bits(), others[1].bits());
        let module = store.module(it).expect("an instance").clone();
        for func in [4, 5] {
            let body = module.body(func).expect("a body");
            let nop = (body.first_op..body.range.end).find(|&at| module.bytes[at] == 0x01);
            let stops = Stops::at([nop.expect("a nop") as u64]);
            store.set_stops(it, func, stops).expect("compiles");
        }
        let mut written = Vec::new();
        let mut watcher = Watcher::on_stop(|paused, _| {
            written.push(match paused.head(0).expect("a frame").func {
                4 => [other, thrice].map(|bits| paused.set_local(0, 0, bits)),
                _ => [other, thrice].map(|bits| paused.set_operand(0, 1, bits)),
            });
            Resume::Continue
        });
        let outcome = store.call(number(&store, "f"), &[], &mut watcher);
        drop(watcher);
        // What type a local was declared with is not known by the numbers of the store.
        assert_eq!(written, [[false, true], [false, false]]);
        assert_eq!(outcome, Ok(CallOutcome::Returned(vec![Val::I32(2110)])));
    }
}

/// What arithmetic left is made canonical before it is used where it may be seen: a NaN with bits of its own would be lost.
#[test]
fn a_written_nan_is_what_the_code_reads() {
    let wat = r#"(module
      (func (export "f") (param f64) (result i64)
        (f64.add (local.get 0) (f64.const 1)) nop (i64.reinterpret_f64))
      (func (export "g") (param f64) (result i64)
        (f64.neg (local.get 0)) nop (i64.reinterpret_f64)))"#;
    let other_nan = f64::NAN.to_bits() | 5;
    let mut refused = 0;
    for mut store in backends() {
        let it = instance(&mut store, wat);
        store.set_flood(true).expect("compiles");
        for (func, name) in [(0, "f"), (1, "g")] {
            for bits in [1.5f64.to_bits(), f64::NAN.to_bits(), other_nan] {
                let nop = operator_offsets(store.module(it).expect("an instance"), func)
                    .into_iter()
                    .find(|&at| store.module(it).expect("an instance").bytes[at as usize] == 0x01);
                let mut written = false;
                let mut watcher = Watcher::on_stop(|paused, _| {
                    if paused.head(0).map(|head| head.pc.0) == nop {
                        written = paused.set_operand(0, 0, u128::from(bits));
                        let there = paused.frame(0).expect("a frame").operands[0];
                        assert!(!written || there == Val::F64(bits));
                    }
                    Resume::Continue
                });
                let args = [Val::F64(2f64.to_bits())];
                let outcome = store.call(number(&store, name), &args, &mut watcher);
                drop(watcher);
                if written {
                    assert_eq!(outcome, Ok(CallOutcome::Returned(vec![Val::I64(bits as i64)])));
                } else {
                    assert_eq!((name, bits), ("f", other_nan));
                    refused += 1;
                }
            }
        }
    }
    assert!(refused <= 1);
}

/// What is held of a frame keeps nobody from looking at it again.
#[test]
fn frames_are_read_while_one_of_them_is_viewed() {
    let wat = r#"(module (func $f (export "f") (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (i32.add (call $f (i32.sub (local.get 0) (i32.const 1))) (local.get 0)))
        (else (i32.const 0)))))"#;
    for mut store in backends() {
        instance(&mut store, wat);
        store.set_flood(true).expect("compiles");
        let mut stops = 0;
        let mut watcher = Watcher::on_stop(|paused, _| {
            stops += 1;
            let views: Vec<_> = (0..paused.depth())
                .filter_map(|frame| paused.view(frame))
                .collect();
            for (frame, view) in (0..).zip(&views) {
                let read = paused.frame(frame).expect("a frame");
                assert_eq!(view.head(), Some(read.head));
                assert_eq!(view.head(), paused.view(frame).and_then(|again| again.head()));
                assert_eq!(view.local(0), Some(read.locals[0]));
                let operands = (0..).map_while(|index| view.operand(index));
                assert!(operands.eq(read.operands));
            }
            Resume::Continue
        });
        let outcome = store.call(number(&store, "f"), &[Val::I32(4)], &mut watcher);
        drop(watcher);
        assert_eq!(outcome, Ok(CallOutcome::Returned(vec![Val::I32(10)])));
        assert!(stops > 30);
    }
}

/// One that takes long to be compiled: its breakpoints wait for its next call, but not where a frame of it stands.
#[test]
fn a_stop_in_a_long_function_is_there_when_it_is_reached() {
    let wat = format!(
        r#"(module
          (func $short)
          (func $long (param i32) (result i32)
            {}
            (call $short)
            (local.get 0)
            (if (result i32) (i32.eqz (local.get 0))
              (then (i32.const 0))
              (else (call $long (i32.sub (local.get 0) (i32.const 1)))))
            i32.add)
          (func (export "f") (param i32) (result i32)
            (call $short)
            (i32.add (call $long (local.get 0)) (call $long (local.get 0)))))"#,
        "(local.set 0 (i32.add (local.get 0) (i32.const 0)))".repeat(5_000)
    );
    for mut store in backends() {
        let it = instance(&mut store, &wat);
        let module = store.module(it).expect("module").clone();
        assert!(module.body(1).expect("body").range.len() > 32 << 10);
        let offsets = operator_offsets(&module, 1);
        let (first, last) = (offsets[0], offsets[offsets.len() - 2]);
        let short = operator_offsets(&module, 0)[0];
        store.set_stops(it, 0, Stops::at([short])).expect("compiles");
        let (mut shorts, mut longs, mut ends) = (0, 0, 0);
        let mut watcher = Watcher::on_stop(|paused, _| {
            let place = paused.frame(0).expect("a frame").head;
            match (place.func, place.pc.0 == last) {
                (0, _) => {
                    shorts += 1;
                    let stops = match shorts {
                        // Before its first call; in its innermost frame of four; in one of the second call.
                        1 => Some(Stops::at([first])),
                        5 => Some(Stops::at([last])),
                        7 => Some(Stops::None),
                        _ => None,
                    };
                    if let Some(stops) = stops {
                        paused.set_stops(it, 1, stops).expect("compiles");
                    }
                }
                (_, false) => longs += 1,
                (_, true) => ends += 1,
            }
            Resume::Continue
        });
        let outcome = store.call(number(&store, "f"), &[Val::I32(3)], &mut watcher);
        drop(watcher);
        assert_eq!(outcome, Ok(CallOutcome::Returned(vec![Val::I32(12)])));
        assert_eq!((shorts, longs, ends), (9, 4, 4));
    }
}
