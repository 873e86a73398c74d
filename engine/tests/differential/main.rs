//! Generated modules (wasm-smith) run here and on another engine (wasmi): results, traps, memories, tables and
//! globals must be equal after every call, in every mode.
//!
//! A seed is a module, so a disagreement is reproduced by its number. The long run:
//!
//! ```sh
//! STEPWELL_SEEDS=0..1000000 cargo test --release -p stepwell-engine --test differential -- --ignored --nocapture
//! ```
//!
//! The peer is built with canonical NaNs, as ours are. In long runs wasmi 2.0.0 traps with a division by zero in about
//! two of a thousand modules; in the five of them that were looked at, wasmtime agrees with this engine.
//!
//! It says how far it has come, and writes a module that is judged differently to `target/differential/SEED.wasm`.

mod generate;
mod ours;
mod peer;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use stepwell_engine::types::Val;

/// How a call ended, in words that both engines have.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    /// Results; references only by whether they are null.
    Returned(Vec<Val>),
    /// The trap's name.
    Trapped(&'static str),
    /// The call stack was used up: how deep that is differs, and with it everything after.
    Exhausted,
}

/// What can be seen of an instance from outside.
#[derive(Clone, Debug, Default, PartialEq)]
struct State {
    /// Exported globals by name.
    globals: Vec<(String, Val)>,
    /// Exported memories by name: length and a checksum of the bytes.
    memories: Vec<(String, usize, u64)>,
    /// Exported tables by name: which elements are null.
    tables: Vec<(String, Vec<bool>)>,
}

/// A module's run: how each call ended, and what was to be seen after it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Run {
    /// Why there is no instance.
    refused: Option<&'static str>,
    /// One an exported function.
    calls: Vec<(String, Outcome, State)>,
}

/// Where two runs first differ; `None` if nowhere.
fn difference(ours: &Run, peer: &Run) -> Option<String> {
    if ours.refused != peer.refused {
        return Some(format!(
            "instantiation: {:?} here, {:?} there",
            ours.refused, peer.refused
        ));
    }
    for (here, there) in ours.calls.iter().zip(&peer.calls) {
        if here.1 == Outcome::Exhausted || there.1 == Outcome::Exhausted {
            return None;
        }
        if here.0 != there.0 || here.1 != there.1 {
            return Some(format!("{}: {:?} here, {:?} there", here.0, here.1, there.1));
        }
        let (here_state, there_state) = (&here.2, &there.2);
        if here_state.globals != there_state.globals {
            let mut pairs = here_state.globals.iter().zip(&there_state.globals);
            let first = pairs.find(|(here, there)| here != there);
            return Some(format!("after {}: a global: {first:?}", here.0));
        }
        if here_state.memories != there_state.memories {
            return Some(format!("after {}: memories differ", here.0));
        }
        if here_state.tables != there_state.tables {
            return Some(format!("after {}: tables differ", here.0));
        }
    }
    (ours.calls.len() != peer.calls.len()).then(|| "one has more exported functions".to_string())
}

/// What was done, so that a run that tested nothing cannot pass.
#[derive(Default, Debug)]
struct Tally {
    modules: u64,
    refused: u64,
    returned: u64,
    trapped: u64,
}

/// Runs one seed in every mode; the complaint, if there is one.
fn judge(seed: u64, tally: &mut Tally) -> Result<(), String> {
    let Some(bytes) = generate::module(seed) else {
        return Ok(());
    };
    let peer = peer::run(&bytes, seed);
    tally.modules += 1;
    tally.refused += u64::from(peer.refused.is_some());
    for (_, outcome, _) in &peer.calls {
        match outcome {
            Outcome::Returned(_) => tally.returned += 1,
            Outcome::Trapped(_) | Outcome::Exhausted => tally.trapped += 1,
        }
    }
    for mode in ours::Mode::ALL {
        let run = catch_unwind(AssertUnwindSafe(|| ours::run(&bytes, seed, mode)))
            .unwrap_or_else(|_| Err("panicked".to_string()));
        let complaint = match &run {
            Ok(run) => difference(run, &peer),
            Err(words) => Some(words.clone()),
        };
        if let Some(complaint) = complaint {
            let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("../differential");
            let path = folder.join(format!("{seed}.wasm"));
            let kept = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, &bytes));
            let place = kept.map_or_else(|error| error.to_string(), |()| path.display().to_string());
            return Err(format!("seed {seed}, {mode:?}: {complaint} ({place})"));
        }
    }
    Ok(())
}

fn judge_all(seeds: Range<u64>) {
    let mut tally = Tally::default();
    let mut failures = Vec::new();
    let count = seeds.end.saturating_sub(seeds.start);
    for seed in seeds.clone() {
        if let Err(complaint) = judge(seed, &mut tally) {
            eprintln!("{complaint}");
            failures.push(complaint);
        }
        if (seed + 1 - seeds.start).is_multiple_of(10_000) {
            eprintln!(
                "{seeds:?}: up to {seed}, {} disagreements, {tally:?}",
                failures.len()
            );
        }
    }
    println!("{seeds:?}: {tally:?}");
    assert!(
        failures.is_empty(),
        "{} disagree:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(tally.modules * 2 > count, "few modules: {tally:?}");
    assert!(tally.returned > count / 2, "few results: {tally:?}");
}

#[test]
fn some_modules_agree() {
    judge_all(0..250);
}

#[test]
#[ignore = "as long as STEPWELL_SEEDS=FROM..TO says"]
fn many_modules_agree() {
    let text = std::env::var("STEPWELL_SEEDS").unwrap_or_else(|_| "0..100000".to_string());
    let range = text
        .split_once("..")
        .and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    judge_all(range.unwrap_or_else(|| panic!("STEPWELL_SEEDS is FROM..TO, not {text:?}")));
}
