//! What is changed of a parked guest is what it goes on with, over both backends.

mod runtime_support;

use runtime_support::{Watcher, backends, instance, number};
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
