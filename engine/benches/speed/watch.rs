//! What watched stores cost programs that never meet what is watched.

use super::run::OPTIMIZED;
use super::{NeverStops, geometric_mean, guest, median, timed};
use std::ops::Range;
use stepwell_engine::module::decode;
use stepwell_engine::runtime::store::{Backend, CallOutcome, Extern, Store};
use stepwell_engine::wasi::{Output, WasiCtx, host_funcs};

const ROUNDS: usize = 3;

/// CPU seconds of a program with these addresses watched.
fn run(bytes: &[u8], watched: &[Range<u64>]) -> f64 {
    let mut store = Store::new(Backend::Compiled).expect("a store");
    let ctx = WasiCtx::builder()
        .arg("kernel")
        .stdout(Output::discard())
        .build()
        .expect("a context");
    for func in host_funcs(ctx) {
        store.define_host(func);
    }
    let module = decode(bytes.into()).expect("valid");
    let instance = store.instantiate(module).expect("links").expect("no trap");
    store.watch(instance, 0, watched).expect("compiles");
    let Some(Extern::Func(start)) = store.export(instance, "_start") else {
        panic!("no _start");
    };
    let (seconds, outcome) = timed(|| store.call(start, &[], &mut NeverStops));
    assert!(matches!(
        outcome,
        Ok(CallOutcome::Returned(_) | CallOutcome::Exited(0))
    ));
    seconds
}

/// Prints the table.
pub fn bench() {
    // Below the stack, and where no memory of a kernel reaches.
    let (low, high) = (16..20, (1 << 32) - 64..(1 << 32) - 60);
    println!("| program | clean, CPU s | one range | two, far apart |\n|---|---|---|---|");
    let (mut ones, mut twos) = (Vec::new(), Vec::new());
    for name in OPTIMIZED {
        let bytes = std::fs::read(guest(&format!("kernels/{name}.wasm"))).expect("a kernel");
        let (mut clean, mut one, mut two) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            clean.push(run(&bytes, &[]));
            one.push(run(&bytes, std::slice::from_ref(&low)));
            two.push(run(&bytes, &[low.clone(), high.clone()]));
        }
        let (clean, one, two) = (median(clean), median(one), median(two));
        println!(
            "| {name} | {clean:.2} | {:.2} | {:.2} |",
            one / clean,
            two / clean
        );
        ones.push(one / clean);
        twos.push(two / clean);
    }
    println!(
        "| **geometric mean** | | **{:.2}** | **{:.2}** |",
        geometric_mean(&ones),
        geometric_mean(&twos)
    );
}
