//! What it takes to throw an exception that is caught two frames further out, beside wasmtime.

use super::{NeverStops, median, peers, timed};
use std::path::Path;
use stepwell_engine::module::decode;
use stepwell_engine::runtime::store::{Backend, CallOutcome, Extern, Store};

const THROWS: u32 = 200_000;
const ROUNDS: usize = 5;

/// Calls a function that throws for every second number, or never.
fn text(throws: bool) -> String {
    format!(
        r#"(module
    (memory (export "memory") 1)
    (tag $odd (param i32))
    (func $inner (param i32) (result i32)
        (if (i32.and (local.get 0) (i32.const {}))
            (then (throw $odd (local.get 0))))
        (local.get 0))
    (func $outer (param i32) (result i32)
        (i32.add (call $inner (local.get 0)) (i32.const 1)))
    (func (export "_start") (local i32 i32)
        loop $again
            (block $caught (result i32)
                (try_table (result i32) (catch $odd $caught) (call $outer (local.get 0))))
            (local.set 1 (i32.add (local.get 1)))
            (local.set 0 (i32.add (local.get 0) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get 0) (i32.const {})))
        end))"#,
        u32::from(throws),
        2 * THROWS
    )
}

fn here(throws: bool) -> f64 {
    let bytes = wat::parse_str(text(throws)).expect("text");
    let mut store = Store::new(Backend::Compiled).expect("a store");
    let instance = store
        .instantiate(decode(bytes.into()).expect("valid"))
        .expect("links")
        .expect("no trap");
    let Some(Extern::Func(start)) = store.export(instance, "_start") else {
        panic!("no function");
    };
    let (seconds, outcome) = timed(|| store.call(start, &[], &mut NeverStops));
    assert!(matches!(outcome, Ok(CallOutcome::Returned(_))));
    seconds
}

fn there(throws: bool) -> Option<f64> {
    let name = if throws { "throws.wat" } else { "throws-never.wat" };
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text(throws)).ok()?;
    peers::wasmtime(&path)
}

/// Prints the nanoseconds a throw, beyond the same run without any.
pub fn bench() {
    let cost = |with: f64, without: f64| (with - without) * 1e9 / f64::from(THROWS);
    let ours = median((0..ROUNDS).map(|_| cost(here(true), here(false))).collect());
    println!("- a throw that is caught two frames further out: {ours:.0} ns");
    let Some((with, without)) = there(true).zip(there(false)) else {
        println!("- no wasmtime that has exceptions");
        return;
    };
    let theirs = cost(with, without);
    println!("- on wasmtime: {theirs:.0} ns, {:.1} times ours", theirs / ours);
}
