//! Modules that nobody built: cut short, or with bits turned over. Each is decoded, and where it is still valid, every
//! function is compiled in both variants and the module is instantiated. Whatever comes out is fine except a panic.
//!
//! Nothing runs but what instantiation runs (no start function): turned bits may well make an endless loop.

use std::path::Path;
use std::sync::Arc;
use stepwell_engine::compile::{self, Stops};
use stepwell_engine::module::decode;
use stepwell_engine::runtime::store::{Backend, Store};
use stepwell_engine::wasi::{Input, Output, WasiCtx, host_funcs};

/// Modules with bits turned over.
const FLIPPED: usize = 2000;
/// Memory a module may ask for, in pages: a turned bit must not take the machine's.
const MOST_PAGES: u32 = 1024;

fn sample(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../assets/guests")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Takes a module as far as it goes; whether it was valid.
fn feed(bytes: Vec<u8>) -> bool {
    let module = match decode(Arc::from(bytes)) {
        Ok(module) => module,
        Err(error) => {
            assert!(!error.to_string().is_empty(), "an error says something");
            return false;
        }
    };
    let backend = if compile::supported().is_ok() {
        let layout = module.vm_layout();
        for func in 0..module.func_types.len() as u32 {
            if module.body(func).is_none() {
                continue;
            }
            for stops in [Stops::None, Stops::All] {
                if let Err(error) = compile::compile(&module, &layout, func, &stops) {
                    assert!(!error.to_string().is_empty(), "an error says something");
                }
            }
        }
        Backend::Compiled
    } else {
        Backend::Interpreter
    };
    let mut store = Store::new(backend).expect("a store");
    store.limit_memory(MOST_PAGES);
    let ctx = WasiCtx::builder()
        .stdin(Input::empty())
        .stdout(Output::discard())
        .stderr(Output::discard())
        .build()
        .expect("a context");
    for func in host_funcs(ctx) {
        store.define_host(func);
    }
    // Errors and traps both are answers.
    let _ = store.instantiate(module);
    true
}

/// SplitMix64: the same cases every time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

#[test]
fn a_module_cut_anywhere_is_refused_or_taken_but_never_breaks_the_engine() {
    let bytes = sample("list/list.wasm");
    let refused = (0..bytes.len())
        .step_by(97)
        .filter(|&end| !feed(bytes[..end].to_vec()))
        .count();
    assert!(refused > 100, "only {refused} cuts were refused");
    assert!(feed(bytes), "the whole module is valid");
}

#[test]
fn turned_bits_never_break_the_engine() {
    let mut numbers = Numbers(1);
    let (mut valid, mut refused) = (0, 0);
    // Small modules, so that most bits are code; the names and data of each are in reach too.
    for (name, share) in [
        ("nodebug/names.wasm", FLIPPED / 4),
        ("wat/math.wasm", FLIPPED / 4),
        ("wat/state.wasm", FLIPPED / 4),
        ("spin/tree_calls.wasm", FLIPPED / 4),
    ] {
        let bytes = sample(name);
        for _ in 0..share {
            let mut bytes = bytes.clone();
            for _ in 0..=numbers.below(2) {
                let at = numbers.below(bytes.len());
                bytes[at] ^= 1 << numbers.below(8);
            }
            if feed(bytes) {
                valid += 1;
            } else {
                refused += 1;
            }
        }
    }
    println!("{valid} were valid, {refused} were not");
    assert!(valid > 100 && refused > 100, "{valid} valid, {refused} refused");
}
