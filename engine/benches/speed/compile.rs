//! How fast modules are opened and compiled, and what comes of it.

use super::peers::{wasmtime_compile, wasmtime_version};
use super::{guest, median, timed};
use std::path::{Path, PathBuf};
use std::time::Instant;
use stepwell_engine::compile::{Stops, compile, compile_all};
use stepwell_engine::module::{ImportKind, Module, decode};
use stepwell_engine::runtime::host::{HostError, HostFunc};
use stepwell_engine::runtime::store::{Backend, Store};

/// Modules that the project has; files named on the command line come after them.
const MODULES: [&str; 4] = [
    "sqlite/sqlite.wasm",
    "rust/bank.wasm",
    "kernels/json.wasm",
    "kernels/json-dbg.wasm",
];

/// Rounds of which the middle one counts; of times on the clock the shortest, because other load makes them longer.
const ROUNDS: usize = 5;

/// Prints two tables.
pub fn bench() {
    let ours = MODULES.iter().map(|name| guest(name));
    let named = std::env::args().filter(|arg| arg.ends_with(".wasm"));
    let rows: Vec<(String, Figures)> = (ours.chain(named.map(PathBuf::from)))
        .map(|file| {
            let name = file
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            (name, Figures::of(&file))
        })
        .collect();
    let wasmtime = wasmtime_version().unwrap_or_else(|| "no wasmtime".to_string());

    println!("Milliseconds. *Opened* (decoded, validated and instantiated) and *on two* (compiled by two");
    println!("threads) are on the clock, the shortest of {ROUNDS} rounds. The others are CPU time.\n");
    println!(
        "| module | code, MB | opened | decoded | compiled | with frame maps | on two | wasmi | {wasmtime} |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (name, row) in &rows {
        println!(
            "| {name} | {:.2} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {} |",
            row.wasm as f64 / 1e6,
            row.open * 1e3,
            row.decode * 1e3,
            row.compile * 1e3,
            row.with_maps * 1e3,
            row.on_two * 1e3,
            row.wasmi * 1e3,
            row.wasmtime
                .map_or("-".to_string(), |seconds| format!("{:.0}", seconds * 1e3)),
        );
    }

    println!(
        "\nMegabytes of function bodies a second, and what comes of them. Clean code keeps no frame map; one that"
    );
    println!("is made, for a function that is looked at, takes so many bytes an operator.\n");
    println!("| module | compiled | with frame maps | on two | wasmi | native ÷ wasm | frame map |");
    println!("|---|---|---|---|---|---|---|");
    for (name, row) in &rows {
        let rate = |seconds: f64| row.wasm as f64 / 1e6 / seconds;
        println!(
            "| {name} | {:.1} | {:.1} | {:.1} | {:.1} | {:.2} | {:.2} |",
            rate(row.compile),
            rate(row.with_maps),
            rate(row.on_two),
            rate(row.wasmi),
            row.native as f64 / row.wasm as f64,
            row.map as f64 / row.operators as f64,
        );
    }
}

/// Bytes, and seconds.
struct Figures {
    /// Of function bodies.
    wasm: usize,
    native: usize,
    /// Of all frame maps, with as many operators.
    map: usize,
    operators: usize,
    open: f64,
    decode: f64,
    compile: f64,
    with_maps: f64,
    on_two: f64,
    wasmi: f64,
    wasmtime: Option<f64>,
}

impl Figures {
    fn of(file: &Path) -> Figures {
        let bytes = std::fs::read(file).expect("a module");
        let module = decode(bytes.as_slice().into()).expect("valid");
        let layout = module.vm_layout();
        let funcs = || (module.imported_funcs..).take(module.bodies.len());
        let (mut native, mut map, mut operators) = (0, 0, 0);
        for func in funcs() {
            let compiled = compile(&module, &layout, func, &Stops::None).expect("compiles");
            native += compiled.code.len();
            map += compiled.frame_map.len_bytes();
            operators += compiled.frame_map.boundaries().count();
        }
        let all = |threads| compile_all(&module, &layout, threads, |_, code| code.map(drop));
        Figures {
            wasm: module.bodies.iter().map(|body| body.range.len()).sum(),
            native,
            map,
            operators,
            open: shortest(|| open(&bytes)),
            decode: rounds(|| timed(|| decode(bytes.as_slice().into()).expect("valid")).0),
            compile: rounds(|| timed(|| all(1)).0),
            with_maps: rounds(|| {
                let all = || {
                    for func in funcs() {
                        compile(&module, &layout, func, &Stops::None).expect("compiles");
                    }
                };
                timed(all).0
            }),
            on_two: shortest(|| all(2)),
            wasmi: rounds(|| timed(|| wasmi_compile(&bytes)).0),
            wasmtime: wasmtime_compile(file),
        }
    }
}

fn rounds(figure: impl FnMut() -> f64) -> f64 {
    median(std::iter::repeat_with(figure).take(ROUNDS).collect())
}

/// Seconds on the clock that something takes in the shortest round, without dropping what it gives.
fn shortest<T>(mut what: impl FnMut() -> T) -> f64 {
    let clocked = || {
        let before = Instant::now();
        let given = what();
        let seconds = before.elapsed().as_secs_f64();
        drop(given);
        seconds
    };
    (std::iter::repeat_with(clocked).take(ROUNDS)).fold(f64::INFINITY, f64::min)
}

/// Everything there is to do before the first call.
fn open(bytes: &[u8]) -> Store {
    let module = decode(bytes.into()).expect("valid");
    let mut store = Store::new(Backend::Compiled).expect("a store");
    for func in imported(&module) {
        store.define_host(func);
    }
    store.instantiate(module).expect("links").expect("no trap");
    store
}

/// Functions to import that nobody calls.
fn imported(module: &Module) -> Vec<HostFunc> {
    let func = |import: &stepwell_engine::module::Import| match import.kind {
        ImportKind::Func(ty) => Some(HostFunc {
            module: import.module.clone(),
            field: import.field.clone(),
            ty: module.types.get(ty as usize)?.clone(),
            code: Box::new(|_| Err(HostError::Exit(0))),
        }),
        _ => None,
    };
    module.imports.iter().filter_map(func).collect()
}

/// Validates a module on wasmi, and translates it to what that executes.
fn wasmi_compile(bytes: &[u8]) -> wasmi::Module {
    let mut config = wasmi::Config::default();
    config.compilation_mode(wasmi::CompilationMode::Eager);
    wasmi::Module::new(&wasmi::Engine::new(&config), bytes).expect("valid")
}
