//! Debug info takes no more than four bytes of memory for each of its own, beside the module: what holds for modules with
//! 16 MB of it, held here on the samples with the most.
//!
//! Alone in its program: what other tests allocate would count.

mod common;

use peak_alloc::PeakAlloc;
use std::sync::Arc;
use stepwell_debuginfo::*;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// Bytes of memory for a byte of debug info, at the first answer to where a breakpoint stops.
const LIMIT: usize = 4;

/// Modules with the most debug info, a file of each and a line with code.
const SAMPLES: &[(&str, &str, u32)] = &[
    ("rust/bank.wasm", "bank.rs", 1),
    ("sqlite/sqlite.wasm", "sqlite3.c", 100_000),
    ("values/cpp_o2.wasm", "values.cpp", 1),
];

fn debug_bytes(module: &[u8]) -> usize {
    let sections = wasmparser::Parser::new(0).parse_all(module).flatten();
    let debug = sections.filter_map(|payload| match payload {
        wasmparser::Payload::CustomSection(section) if section.name().starts_with(".debug") => {
            Some(section.data().len())
        }
        _ => None,
    });
    debug.sum()
}

#[test]
fn a_byte_takes_four_at_most() {
    for &(path, name, line) in SAMPLES {
        let module: Arc<[u8]> = Arc::from(common::bytes(path));
        let size = debug_bytes(&module);
        let before = PeakAlloc.current_usage();
        PeakAlloc.reset_peak_usage();
        let info = DebugInfo::parse(module);
        let file = common::file(&info, name);
        let lines = (line..).find_map(|line| info.binding_from_line(file, line));
        assert!(lines.is_some_and(|bound| !bound.locations.is_empty()), "{path}");
        let held = PeakAlloc.current_usage() - before;
        let peak = PeakAlloc.peak_usage() - before;
        println!("{path}: {size} bytes of debug info; {held} held, {peak} at most");
        assert!(held <= LIMIT * size, "{path}: {held} bytes held for {size}");
        assert!(peak <= LIMIT * size, "{path}: {peak} bytes at most for {size}");
    }
}
