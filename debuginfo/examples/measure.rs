//! How long the debug info of big modules takes, on two threads, and how much memory a byte of it:
//!
//! ```sh
//! cargo run --release -p stepwell-debuginfo --example measure -- MODULE...
//! ```
//!
//! Ends with 1 if a first breakpoint took over a second or memory over four bytes a byte. Other load on the machine
//! counts into the time, so the time on the CPU is shown too.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use stepwell_debuginfo::{CodeOffset, DebugInfo, Indexing};

const THREADS: usize = 2;

/// A line of `/proc/self/status`, in bytes.
fn memory_bytes(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(what)).unwrap_or("");
    let kib = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok());
    kib.unwrap_or(0u64) * 1024
}

/// Time on the CPU, of all threads.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or("");
    let ticks = after_name.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn debug_bytes(module: &[u8]) -> u64 {
    let sections = wasmparser::Parser::new(0).parse_all(module).flatten();
    let debug = sections.filter_map(|payload| match payload {
        wasmparser::Payload::CustomSection(section) if section.name().starts_with(".debug") => {
            Some(section.data().len() as u64)
        }
        _ => None,
    });
    debug.sum()
}

fn index(module: Arc<[u8]>) -> DebugInfo {
    let indexing = Indexing::start(module, &|_| None);
    let next = AtomicUsize::new(0);
    let work = || {
        let jobs = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        let jobs = jobs.take_while(|&job| job < indexing.jobs());
        jobs.map(|job| indexing.run(job)).collect::<Vec<_>>()
    };
    let parts = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        let parts = threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("a part"));
        parts.collect()
    });
    indexing.finish(parts)
}

fn main() -> ExitCode {
    let mut within = true;
    for path in std::env::args().skip(1) {
        let module: Arc<[u8]> = Arc::from(std::fs::read(&path).expect("the module"));
        let size = debug_bytes(&module);
        let (before, cpu_before, start) = (memory_bytes("VmRSS"), cpu_time(), Instant::now());
        let info = index(module);
        let indexed = start.elapsed();
        // A breakpoint on a line in the middle of the code, and one on a function.
        let middle = (1..64).find_map(|part| info.location_from_code_offset(CodeOffset(size / 64 * part)));
        let bound = middle.and_then(|place| info.binding_from_line(place.file, place.line));
        let by_line = start.elapsed();
        let named = info.functions_named("main");
        let inlined = info.inlined_calls_named("main");
        let by_name = start.elapsed();
        let cpu = cpu_time().saturating_sub(cpu_before);
        let peak = memory_bytes("VmHWM").saturating_sub(before);
        let each = peak as f64 / size.max(1) as f64;
        println!(
            "{path}: {size} bytes of debug info, {} units, {} files",
            info.units().len(),
            info.files().len()
        );
        println!(
            "  indexed in {indexed:?}; breakpoint by line {by_line:?} ({} places), then by name {by_name:?} ({}); CPU {cpu:?}",
            bound.map_or(0, |bound| bound.locations.len()),
            named.len() + inlined.len()
        );
        println!("  {peak} bytes of memory at most: {each:.2} a byte");
        for finding in info.findings().iter().take(8) {
            println!("  {}", finding.message);
        }
        within &= by_line < Duration::from_secs(1) && each <= 4.0;
    }
    if within {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
