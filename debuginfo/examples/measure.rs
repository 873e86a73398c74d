//! How long a module's debug info takes, and how much memory: `cargo run --release -p stepwell-debuginfo
//! --example measure -- MODULE [LINE-FILE LINE]`.

use std::sync::Arc;
use std::time::Instant;
use stepwell_debuginfo::DebugInfo;

fn resident_bytes(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(what)).unwrap_or("");
    let kib: u64 = line
        .split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    kib * 1024
}

fn main() {
    let path = std::env::args().nth(1).expect("a module");
    let name = std::env::args().nth(2).unwrap_or("main".to_string());
    let bytes: Arc<[u8]> = Arc::from(std::fs::read(&path).expect("the module"));
    let before = resident_bytes("VmRSS");
    let start = Instant::now();
    let info = DebugInfo::parse(bytes);
    println!(
        "parse {:?}, {} MB",
        start.elapsed(),
        (resident_bytes("VmRSS") - before) / 1_000_000
    );
    let start = Instant::now();
    let matches = info.functions_named(&name);
    println!(
        "function {name}: {} in {:?}, {} MB",
        matches.len(),
        start.elapsed(),
        (resident_bytes("VmRSS") - before) / 1_000_000
    );
    let at = matches.iter().find_map(|found| found.stop_at);
    if let Some(at) = at {
        let start = Instant::now();
        let place = info.location_from_code_offset(at);
        println!("place {place:?} {:?}", start.elapsed());
        if let Some(place) = place {
            let start = Instant::now();
            let binding = info.binding_from_line(place.file, place.line);
            println!(
                "binding {:?} in {:?}",
                binding.map(|b| b.locations.len()),
                start.elapsed()
            );
        }
    }
    println!(
        "peak {} MB; units {} files {} diagnostics {}",
        (resident_bytes("VmHWM") - before) / 1_000_000,
        info.units().len(),
        info.files().len(),
        info.diagnostics().len()
    );
    for d in info.diagnostics().iter().take(5) {
        println!("  {d:?}");
    }
}
