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
    // More than compiled code compares with by itself: what their filter lets through leaves for the runtime.
    let ten: Vec<Range<u64>> = (1..=10)
        .map(|number| (1 << 32) - 4_000 * number)
        .map(|at| at..at + 4)
        .collect();
    let kinds = [Vec::new(), vec![low.clone()], vec![low, high], ten];
    println!("| program | clean, CPU s | one range | two, far apart | ten |\n|---|---|---|---|---|");
    let mut all: [Vec<f64>; 3] = Default::default();
    for name in OPTIMIZED {
        let bytes = std::fs::read(guest(&format!("kernels/{name}.wasm"))).expect("a kernel");
        let mut seconds: [Vec<f64>; 4] = Default::default();
        for _ in 0..ROUNDS {
            for (seconds, watched) in seconds.iter_mut().zip(&kinds) {
                seconds.push(run(&bytes, watched));
            }
        }
        let [clean, watched @ ..] = seconds.map(median);
        let ratios = watched.map(|seconds| seconds / clean);
        println!(
            "| {name} | {clean:.2} | {:.2} | {:.2} | {:.2} |",
            ratios[0], ratios[1], ratios[2]
        );
        for (all, ratio) in all.iter_mut().zip(ratios) {
            all.push(ratio);
        }
    }
    let [one, two, ten] = all.map(|ratios| geometric_mean(&ratios));
    println!("| **geometric mean** | | **{one:.2}** | **{two:.2}** | **{ten:.2}** |");
}
