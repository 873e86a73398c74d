//! A local written while the guest stands is what the code reads from there on: at every stop of a run each local is
//! written once, and the run must end as it does on the reference interpreter.

mod runtime_support;

use runtime_support::{Watcher, instance, number};
use stepwell_engine::runtime::paused::Resume;
use stepwell_engine::runtime::store::{Backend, CallOutcome, Store};
use stepwell_engine::types::Val;

/// As a compiler that does not optimize writes it: every value in a local of its own, read right behind. More locals
/// than there are registers, one read far from where it is written, parameters, floats, a call, a loop, a condition
/// that stays in the flags.
const GUEST: &str = r#"(module
  (memory 1)
  (func $twice (param i32) (result i32) local.get 0 i32.const 2 i32.mul)
  (func (export "f") (param i32 i32 f64) (result i32 f64)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 f64 f64 i64 i64)
    local.get 0 local.set 3
    local.get 3 i32.const 7 i32.add local.set 4
    local.get 4 local.get 1 i32.xor local.set 5
    i32.const 64 local.get 5 i32.store
    loop
      i32.const 64 i32.load local.set 6
      i32.const 3 local.set 7
      local.get 6 local.get 7 i32.shl local.set 8
      local.get 8 i32.const 24 i32.shr_s local.tee 9
      local.get 8 i32.add local.set 10
      local.get 10 call $twice local.set 11
      i32.const 64 local.get 11 local.get 4 i32.sub i32.store
      local.get 2 local.get 2 f64.mul local.set 12
      local.get 12 f64.const 0.5 f64.add local.set 13
      local.get 13 local.get 12 f64.sub local.get 2 f64.add local.set 2
      local.get 10 i64.extend_i32_s local.set 14
      local.get 14 i64.const 3 i64.mul local.tee 15 i64.const 5 i64.rem_s local.set 14
      local.get 3 i32.const 1 i32.sub local.set 3
      local.get 3 i32.const 0 i32.gt_s i32.const 1 i32.and i32.eqz i32.eqz br_if 0
    end
    local.get 8 local.get 9 local.get 11 select
    local.get 14 local.get 15 i64.add i32.wrap_i64 i32.xor
    i32.const 64 i32.load i32.add
    local.get 2 local.get 13 f64.add))"#;

/// How a run ends in which the local is written at the stop of a number; whether that could be done.
fn run(store: &mut Store, stop: usize, local: u32) -> (bool, CallOutcome) {
    let (mut stops, mut written) = (0, false);
    let mut watcher = Watcher::on_stop(|paused, _| {
        if stops == stop {
            let bits = match paused.frame(0).expect("a frame").locals.get(local as usize) {
                Some(Val::F64(_)) => u128::from(1.5f64.to_bits()),
                Some(_) => 0x5a,
                None => 0,
            };
            written = paused.set_local(0, local, bits);
        }
        stops += 1;
        // What was written may keep the loop going.
        if stops < 2_000 {
            Resume::Continue
        } else {
            Resume::Abandon
        }
    });
    let args = [Val::I32(2), Val::I32(0x1234), Val::F64(0.25f64.to_bits())];
    let outcome = store
        .call(number(store, "f"), &args, &mut watcher)
        .expect("a call");
    drop(watcher);
    (written, outcome)
}

#[test]
fn a_written_local_is_what_the_code_reads() {
    if stepwell_engine::compile::supported().is_err() {
        return;
    }
    let mut stores = [Backend::Interpreter, Backend::Compiled].map(|backend| {
        let mut store = Store::new(backend).expect("a store");
        instance(&mut store, GUEST);
        store.set_flood(true).expect("flood");
        store
    });
    let (mut written, mut refused) = (0, 0);
    for stop in 0..190 {
        for local in 0..16 {
            let [expected, actual] = stores.each_mut().map(|store| run(store, stop, local));
            if actual.0 {
                assert_eq!(expected, actual, "local {local} at stop {stop}");
                written += 1;
            } else {
                refused += u32::from(expected.0);
            }
        }
    }
    // Those that an operand is a copy of.
    assert!(written > 20 * refused, "{written} {refused}");
}
