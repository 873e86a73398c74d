//! Instances that call each other, over both backends.

mod runtime_support;

use runtime_support::{backends, call, instance};
use stepwell_engine::runtime::store::CallOutcome;
use stepwell_engine::types::Val;

#[test]
fn a_call_into_another_instance_sees_that_instance_s_memory() {
    for mut store in backends() {
        let first = instance(
            &mut store,
            r#"(module (memory 1) (data (i32.const 0) "\2a")
              (func (export "peek") (result i32) (i32.load8_u (i32.const 0)))
              (func (export "poke") (i32.store8 (i32.const 1) (i32.const 7))))"#,
        );
        for name in ["peek", "poke"] {
            let what = store.export(first, name).expect("exported");
            store.define("a", name, what);
        }
        let second = instance(
            &mut store,
            r#"(module (import "a" "peek" (func $peek (result i32))) (import "a" "poke" (func $poke))
              (memory 1) (data (i32.const 0) "\09")
              (func (export "f") (result i32)
                (call $poke)
                (i32.add (call $peek) (i32.load8_u (i32.const 0)))))"#,
        );
        assert_eq!(
            call(&mut store, "f", &[]),
            CallOutcome::Returned(vec![Val::I32(42 + 9)])
        );
        assert_eq!(store.memory(first, 0).expect("memory")[..2], [42, 7]);
        assert_eq!(store.memory(second, 0).expect("memory")[..2], [9, 0]);
    }
}

#[test]
fn a_module_without_memory_calls_into_one_that_has_some() {
    for mut store in backends() {
        let first = instance(
            &mut store,
            r#"(module (memory 1) (data (i32.const 0) "\2a") (table (export "t") 1 funcref) (elem (i32.const 0) $peek)
              (func $peek (export "peek") (result i32) (i32.load8_u (i32.const 0))))"#,
        );
        for name in ["peek", "t"] {
            let what = store.export(first, name).expect("exported");
            store.define("a", name, what);
        }
        instance(
            &mut store,
            r#"(module (import "a" "peek" (func $peek (result i32))) (import "a" "t" (table 1 funcref))
              (type $f (func (result i32)))
              (func (export "f") (result i32)
                (i32.add (call $peek) (call_indirect (type $f) (i32.const 0)))))"#,
        );
        assert_eq!(
            call(&mut store, "f", &[]),
            CallOutcome::Returned(vec![Val::I32(84)])
        );
    }
}
