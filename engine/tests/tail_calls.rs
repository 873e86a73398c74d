//! Tail calls, over both backends: arguments on the stack, vectors and several results, through tables and references,
//! into other instances and the host; and what a parked guest's stack then looks like.

mod runtime_support;

use runtime_support::{Watcher, backends, call, host, instance, number};
use stepwell_engine::runtime::paused::{Resume, StopCause};
use stepwell_engine::runtime::store::CallOutcome;
use stepwell_engine::types::{Val, ValType};

/// Two functions that call each other in tail position: one with few arguments, one with arguments on the stack.
const TURNS: &str = r#"(module
  (type $few (func (param i32 i64) (result i64 v128 i32)))
  (type $many (func (param i32 i64 i64 i64 i64 f64 i32 i64 v128 i64 i32) (result i64 v128 i32)))
  (table funcref (elem $few $many))
  (elem declare func $few $many)
  (func $few (type $few)
    (if (i32.eqz (local.get 0))
      (then (return (local.get 1) (i64x2.splat (local.get 1)) (i32.const 7))))
    (return_call $many (i32.sub (local.get 0) (i32.const 1)) (i64.const 3) (local.get 1) (i64.const 5) (i64.const 6)
      (f64.const 2) (local.get 0) (i64.const 8) (i32x4.splat (local.get 0)) (i64.const 9) (i32.const 10)))
  (func $many (type $many) (local $at i32)
    (local.set $at (i32.const 0))
    (return_call_indirect (type $few)
      (local.get 0)
      (i64.add (local.get 2) (i64.add (i64.add (local.get 9) (i64.extend_i32_u (local.get 6)))
        (i64.add (i64.extend_i32_u (i32x4.extract_lane 2 (local.get 8))) (i64.extend_i32_u (local.get 10)))))
      (local.get $at)))
  (func (export "f") (param i32) (result i64 v128 i32) (return_call_ref $few (local.get 0) (i64.const 0) (ref.func $few))))"#;

fn turned(turns: i64) -> CallOutcome {
    let sum = 19 * turns + turns * (turns + 1);
    let vector = u128::from(sum as u64);
    CallOutcome::Returned(vec![Val::I64(sum), Val::V128(vector << 64 | vector), Val::I32(7)])
}

#[test]
fn functions_take_each_other_s_place() {
    for mut store in backends() {
        instance(&mut store, TURNS);
        for turns in [0, 1, 2, 100_000] {
            assert_eq!(
                call(&mut store, "f", &[Val::I32(turns)]),
                turned(i64::from(turns))
            );
        }
    }
}

#[test]
fn a_frame_that_was_left_is_not_on_the_stack() {
    for mut store in backends() {
        instance(&mut store, TURNS);
        store.set_flood(true).expect("compiles");
        let mut deepest = 0;
        let mut stops = 0;
        let mut watcher = Watcher::on_stop(|paused, cause| {
            assert_eq!(*cause, StopCause::Probe);
            deepest = deepest.max(paused.depth());
            assert!(paused.frame(0).is_some());
            stops += 1;
            Resume::Continue
        });
        let outcome = store.call(number(&store, "f"), &[Val::I32(50)], &mut watcher);
        drop(watcher);
        assert_eq!(outcome, Ok(turned(50)));
        assert_eq!(deepest, 1);
        assert!(stops > 50 * 30);
    }
}

#[test]
fn arguments_that_do_not_fit_are_passed_all_the_same() {
    let params = "i64 ".repeat(30);
    let sum: String = (1..30)
        .map(|local| format!("(local.get {local}) i64.add "))
        .collect();
    let consts: String = (1..30).map(|value| format!("(i64.const {value})")).collect();
    let wat = format!(
        r#"(module
          (func $many (param {params}) (result i64) (local.get 0) {sum} (return_call $few))
          (func $few (param i64) (result i64)
            (if (i64.gt_u (local.get 0) (i64.const 100000)) (then (return (local.get 0))))
            (return_call $many (local.get 0) {consts}))
          (func (export "f") (param i64) (result i64) (return_call $few (local.get 0))))"#
    );
    for mut store in backends() {
        instance(&mut store, &wat);
        let outcome = call(&mut store, "f", &[Val::I64(0)]);
        // 435 is added until it is enough.
        assert_eq!(outcome, CallOutcome::Returned(vec![Val::I64(230 * 435)]));
    }
}

#[test]
fn callees_of_other_instances_and_of_the_host() {
    for mut store in backends() {
        store.define_host(host(
            "env",
            "peek",
            &[ValType::I32],
            &[ValType::I32],
            |args, call| {
                let Val::I32(at) = args[0] else { panic!("{args:?}") };
                let memory = call.memory.as_ref().expect("the caller's memory");
                call.results[0] = Val::I32(memory.read_u32(at as u32).expect("inside") as i32);
                Ok(())
            },
        ));
        let first = instance(
            &mut store,
            r#"(module (import "env" "peek" (func $peek (param i32) (result i32)))
              (memory 1) (data (i32.const 0) "\2a")
              (type $t (func (param i32) (result i32)))
              (table (export "table") 2 funcref) (elem (i32.const 0) $peek $load)
              (func $load (export "load") (param i32) (result i32) (i32.load (local.get 0)))
              (func (export "peek") (param i32) (result i32) (return_call $peek (local.get 0))))"#,
        );
        for name in ["table", "load", "peek"] {
            let what = store.export(first, name).expect("exported");
            store.define("first", name, what);
        }
        instance(
            &mut store,
            r#"(module (type $t (func (param i32) (result i32)))
              (import "first" "load" (func $load (type $t))) (import "first" "peek" (func $peek (type $t)))
              (import "first" "table" (table 2 funcref))
              (memory 1) (data (i32.const 0) "\07")
              (func $tail_load (type $t) (return_call $load (local.get 0)))
              (func $tail_peek (type $t) (return_call $peek (local.get 0)))
              (func $at (param i32 i32) (result i32) (return_call_indirect (type $t) (local.get 0) (local.get 1)))
              (func (export "f") (result i32 i32 i32 i32 i32)
                (call $tail_load (i32.const 0))
                (call $tail_peek (i32.const 0))
                (call $at (i32.const 0) (i32.const 0))
                (call $at (i32.const 0) (i32.const 1))
                (i32.load (i32.const 0))))"#,
        );
        let expected = [42, 42, 7, 42, 7].map(Val::I32).to_vec();
        assert_eq!(call(&mut store, "f", &[]), CallOutcome::Returned(expected));
    }
}
