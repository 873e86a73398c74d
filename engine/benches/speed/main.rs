//! How fast the engine is: `cargo bench -p stepwell-engine [-- PART]...` prints figures, and where there is a peer, the
//! ratio to it in the same run. The parts:
//!
//! - `run`: CPU time of programs (assets/guests/kernels), beside wasmi, and beside wasmtime if that is on `PATH`.
//! - `compile`: how fast modules are opened and all their functions compiled, on one core and on two, and how much
//!   comes of it; also for files that are named beside (`-- compile MODULE.wasm`).
//! - `breakpoint`: a silent stop at one instruction of a hot function, and one that a condition passes.
//! - `step`: silent stops at every instruction.
//! - `watch`: programs whose stores are watched, beside themselves.
//! - `setting`: how long setting a breakpoint takes while a guest is parked; also in modules that the variable
//!   `STEPWELL_LARGE_MODULES` names (paths, with colons between).
//! - `throw`: an exception that is thrown and caught, beside wasmtime.
//!
//! Times are CPU time of this process, or of a child: other load disturbs them less than it does the clock's.

mod compile;
mod peers;
mod run;
mod setting;
mod stops;
mod throws;
mod watch;

use std::path::{Path, PathBuf};
use std::time::Duration;
use stepwell_engine::runtime::paused::{Paused, Resume, StopCause, StopHandler, TickAction};

/// A handler of runs that nothing stops.
struct NeverStops;

impl StopHandler for NeverStops {
    fn on_stop(&mut self, _: &mut Paused<'_>, cause: &StopCause) -> Resume {
        panic!("{cause:?}")
    }

    fn on_interrupt(&mut self, _: &mut Paused<'_>) -> TickAction {
        TickAction::Continue
    }
}

/// CPU time this process has taken.
fn cpu_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// The CPU time that something takes, and what it gives.
fn timed<T>(what: impl FnOnce() -> T) -> (f64, T) {
    let before = cpu_time();
    let outcome = what();
    ((cpu_time() - before).as_secs_f64(), outcome)
}

/// The middle one.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The mean of ratios.
fn geometric_mean(ratios: &[f64]) -> f64 {
    let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    (sum / ratios.len() as f64).exp()
}

fn guest(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../assets/guests")
        .join(name)
}

fn main() {
    if let Err(why) = stepwell_engine::compile::supported() {
        println!("nothing to measure: {why}");
        return;
    }
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-') && !arg.ends_with(".wasm"))
        .collect();
    let parts: [(&str, fn()); 7] = [
        ("run", run::bench),
        ("compile", compile::bench),
        ("breakpoint", stops::breakpoint),
        ("step", stops::step),
        ("watch", watch::bench),
        ("setting", setting::bench),
        ("throw", throws::bench),
    ];
    for (name, part) in parts {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            println!("\n## {name}\n");
            part();
        }
    }
}
