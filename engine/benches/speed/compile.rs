//! How fast every function of a module is compiled, and what comes of it.

use super::{guest, median, timed};
use stepwell_engine::compile::{Stops, compile};
use stepwell_engine::module::decode;

/// Prints a row a module.
pub fn bench() {
    println!(
        "| module | code, MB | decoded, MB/s | compiled, MB/s | native ÷ wasm | frame map, bytes an operator | wasmi, MB/s |"
    );
    println!("|---|---|---|---|---|---|---|");
    for name in ["sqlite/sqlite.wasm", "rust/bank.wasm", "kernels/json.wasm"] {
        let bytes = std::fs::read(guest(name)).expect("a module");
        let (decoding, module) = timed(|| decode(bytes.as_slice().into()).expect("valid"));
        let layout = module.vm_layout();
        let bodies: Vec<u32> = (0..module.func_types.len() as u32)
            .filter(|&func| module.body(func).is_some())
            .collect();
        let len: usize = (bodies.iter())
            .filter_map(|&func| module.body(func))
            .map(|body| body.range.len())
            .sum();
        let (mut native, mut map, mut operators) = (0, 0, 0);
        let seconds = (0..3).map(|_| {
            (native, map, operators) = (0, 0, 0);
            let (seconds, ()) = timed(|| {
                for &func in &bodies {
                    let compiled = compile(&module, &layout, func, &Stops::None).expect("compiles");
                    native += compiled.code.len();
                    map += compiled.frame_map.len_bytes();
                    operators += compiled.frame_map.boundaries().count();
                }
            });
            seconds
        });
        let seconds = median(seconds.collect());
        let (peer, _) = timed(|| {
            let mut config = wasmi::Config::default();
            config.compilation_mode(wasmi::CompilationMode::Eager);
            wasmi::Module::new(&wasmi::Engine::new(&config), &bytes[..]).expect("valid")
        });
        let mega = len as f64 / 1e6;
        println!(
            "| {name} | {mega:.2} | {:.1} | {:.1} | {:.1} | {:.2} | {:.1} |",
            mega / decoding,
            mega / seconds,
            native as f64 / len as f64,
            map as f64 / operators as f64,
            mega / peer,
        );
    }
}
