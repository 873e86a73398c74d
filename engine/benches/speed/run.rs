//! CPU time of whole programs.

use super::{geometric_mean, guest, median, peers, timed};
use stepwell_engine::api::{Ending, Program};
use stepwell_engine::wasi::{Output, WasiCtx, host_funcs};

/// Programs compiled with `-O2`, and with `-O0 -g`.
pub const OPTIMIZED: [&str; 8] = [
    "bcinterp",
    "fannkuch",
    "gemm",
    "jacobi2d",
    "json",
    "mandelbrot",
    "memops",
    "quicksort",
];
const DEBUG: [&str; 2] = ["bcinterp-dbg", "json-dbg"];

const ROUNDS: usize = 3;

fn ours(bytes: &[u8]) {
    let mut program = Program::new(bytes.into()).expect("a module");
    let ctx = WasiCtx::builder()
        .arg("kernel")
        .stdout(Output::discard())
        .build()
        .expect("a context");
    program.provide(host_funcs(ctx));
    let ending = program.run().expect("runs");
    assert_eq!(ending, Ending::Exited(0));
}

/// One row a program; the ratios to wasmtime.
fn rows(names: &[&str], wasmtime: bool) -> Vec<f64> {
    let mut ratios = Vec::new();
    for name in names {
        let path = guest(&format!("kernels/{name}.wasm"));
        let bytes = std::fs::read(&path).expect("a kernel");
        let (mut here, mut wasmi, mut wasmtimes) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            here.push(timed(|| ours(&bytes)).0);
            if round == 0 {
                wasmi.push(timed(|| peers::wasmi(&bytes)).0);
            }
            if wasmtime {
                wasmtimes.extend(peers::wasmtime(&path));
            }
        }
        let (here, wasmi) = (median(here), median(wasmi));
        print!("| {name} | {here:.2} | {:.1} |", wasmi / here);
        if !wasmtimes.is_empty() {
            let wasmtime = median(wasmtimes);
            print!(" {wasmtime:.2} | {:.2} |", here / wasmtime);
            ratios.push(here / wasmtime);
        }
        println!();
    }
    ratios
}

/// Prints the table.
pub fn bench() {
    let wasmtime = peers::wasmtime_version();
    print!("| program | CPU s | times faster than wasmi |");
    match &wasmtime {
        Some(version) => println!(" {version}, CPU s | ratio |\n|---|---|---|---|---|"),
        None => println!("\n|---|---|---|"),
    }
    for (what, names) in [("-O2", &OPTIMIZED[..]), ("-O0 -g", &DEBUG)] {
        let ratios = rows(names, wasmtime.is_some());
        if !ratios.is_empty() {
            println!(
                "| **geometric mean, {what}** | | | | **{:.2}** |",
                geometric_mean(&ratios)
            );
        }
    }
}
