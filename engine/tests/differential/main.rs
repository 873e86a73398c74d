//! Generated modules (wasm-smith) run here and on another engine (wasmi): results, traps, memories, tables and
//! globals must be equal after every call, in every mode.
//!
//! A seed is a module, so a disagreement is reproduced by its number. The long run:
//!
//! ```sh
//! STEPWELL_SEEDS=0..1000000 cargo test --release -p stepwell-engine --test differential -- --ignored --nocapture many_modules_agree
//! ```
//!
//! The peer is built with canonical NaNs, as ours are. A module that the two judge differently is written to
//! `target/differential/SEED.wast` with what happened here; when `wasmtime` is on PATH it has the last word, because the
//! peer's compiler has a known defect: wasmi 2.0.0 takes an unsigned remainder by a divisor that `select` made for one by
//! its other operand (a division by zero, or a zero), in about two of a thousand modules.
//!
//! Modules with exceptions, which the peer does not have, run here in every mode and on wasmtime alone.

mod generate;
mod ours;
mod peer;
mod script;

use generate::Extensions;
use script::Verdict;
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

/// A call of an exported function.
#[derive(Clone, Debug, PartialEq)]
struct Call {
    name: String,
    args: Vec<Val>,
    outcome: Outcome,
    /// What was to be seen after it.
    state: State,
}

/// A module's run.
#[derive(Clone, Debug, Default, PartialEq)]
struct Run {
    /// Why there is no instance.
    refused: Option<&'static str>,
    /// One an exported function.
    calls: Vec<Call>,
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
        if here.outcome == Outcome::Exhausted || there.outcome == Outcome::Exhausted {
            return None;
        }
        let name = &here.name;
        if name != &there.name || here.outcome != there.outcome {
            return Some(format!(
                "{name}: {:?} here, {:?} there",
                here.outcome, there.outcome
            ));
        }
        if here.state.globals != there.state.globals {
            let mut pairs = here.state.globals.iter().zip(&there.state.globals);
            let first = pairs.find(|(here, there)| here != there);
            return Some(format!("after {name}: a global: {first:?}"));
        }
        if here.state.memories != there.state.memories {
            return Some(format!("after {name}: memories differ"));
        }
        if here.state.tables != there.state.tables {
            return Some(format!("after {name}: tables differ"));
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
    /// Modules that the peer alone judges differently; wasmtime judged them as we do.
    peer_alone: u64,
}

impl Tally {
    fn count(&mut self, run: &Run) {
        self.modules += 1;
        self.refused += u64::from(run.refused.is_some());
        for call in &run.calls {
            match call.outcome {
                Outcome::Returned(_) => self.returned += 1,
                Outcome::Trapped(_) | Outcome::Exhausted => self.trapped += 1,
            }
        }
    }
}

/// Runs a module in a mode; a complaint if this engine cannot.
fn run_here(bytes: &[u8], seed: u64, mode: ours::Mode) -> Result<Run, String> {
    catch_unwind(AssertUnwindSafe(|| ours::run(bytes, seed, mode)))
        .unwrap_or_else(|_| Err("panicked".to_string()))
        .map_err(|words| format!("seed {seed}, {mode:?}: {words}"))
}

/// Writes the module with what happened here, and asks the third engine.
fn ask(bytes: &[u8], seed: u64, run: &Run) -> (Verdict, String) {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("../differential");
    let path = folder.join(format!("{seed}.wast"));
    let kept =
        std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, script::write(bytes, run)));
    match kept {
        Ok(()) => (script::judge(&path), path.display().to_string()),
        Err(error) => (Verdict::Absent, error.to_string()),
    }
}

/// Runs one seed in every mode and on the peer; the complaint, if there is one.
fn judge(seed: u64, tally: &mut Tally) -> Result<(), String> {
    let Some(bytes) = generate::module(seed, Extensions::OfThePeer) else {
        return Ok(());
    };
    // Its translator has panicked once, in a million modules.
    let peer = catch_unwind(AssertUnwindSafe(|| peer::run(&bytes, seed))).ok();
    let reference = run_here(&bytes, seed, ours::Mode::Interpreter)?;
    tally.count(peer.as_ref().unwrap_or(&reference));
    for mode in ours::Mode::COMPILED {
        let run = run_here(&bytes, seed, mode)?;
        if let Some(complaint) = difference(&run, &reference) {
            let (_, place) = ask(&bytes, seed, &reference);
            return Err(format!(
                "seed {seed}, {mode:?} and the interpreter: {complaint} ({place})"
            ));
        }
    }
    let complaint = match &peer {
        Some(peer) => difference(&reference, peer),
        None => Some("the peer panicked".to_string()),
    };
    let Some(complaint) = complaint else {
        return Ok(());
    };
    match ask(&bytes, seed, &reference) {
        (Verdict::Agrees, _) => {
            tally.peer_alone += 1;
            Ok(())
        }
        (Verdict::Differs(words), place) => Err(format!("seed {seed}: {complaint}; {words} ({place})")),
        (Verdict::Absent, place) => Err(format!("seed {seed}: {complaint} ({place})")),
    }
}

/// Runs one seed with exceptions in every mode, and on the third engine if it is here.
fn judge_throwing(seed: u64, tally: &mut Tally) -> Result<(), String> {
    let Some(bytes) = generate::module(seed, Extensions::Exceptions) else {
        return Ok(());
    };
    let reference = run_here(&bytes, seed, ours::Mode::Interpreter)?;
    tally.count(&reference);
    for mode in ours::Mode::COMPILED {
        let run = run_here(&bytes, seed, mode)?;
        if let Some(complaint) = difference(&run, &reference) {
            let (_, place) = ask(&bytes, seed, &reference);
            return Err(format!(
                "seed {seed}, {mode:?} and the interpreter: {complaint} ({place})"
            ));
        }
    }
    match ask(&bytes, seed, &reference) {
        (Verdict::Differs(words), place) => Err(format!("seed {seed}: {words} ({place})")),
        (Verdict::Agrees | Verdict::Absent, _) => Ok(()),
    }
}

/// The peer calls itself at each turn of some loops.
const STACK_LEN_BYTES: usize = 256 << 20;

fn judge_all(seeds: Range<u64>, judge: fn(u64, &mut Tally) -> Result<(), String>) {
    let thread = std::thread::Builder::new().stack_size(STACK_LEN_BYTES);
    let judging = thread.spawn(move || judge_here(seeds, judge)).expect("a thread");
    if let Err(panic) = judging.join() {
        std::panic::resume_unwind(panic);
    }
}

fn judge_here(seeds: Range<u64>, judge: fn(u64, &mut Tally) -> Result<(), String>) {
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

/// The seeds that the environment asks for.
fn wanted() -> Range<u64> {
    let text = std::env::var("STEPWELL_SEEDS").unwrap_or_else(|_| "0..100000".to_string());
    let range = text
        .split_once("..")
        .and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    range.unwrap_or_else(|| panic!("STEPWELL_SEEDS is FROM..TO, not {text:?}"))
}

#[test]
fn some_modules_agree() {
    judge_all(0..250, judge);
}

#[test]
fn some_modules_with_exceptions_agree() {
    judge_all(0..50, judge_throwing);
}

#[test]
#[ignore = "as long as STEPWELL_SEEDS=FROM..TO says"]
fn many_modules_agree() {
    judge_all(wanted(), judge);
}

#[test]
#[ignore = "as long as STEPWELL_SEEDS=FROM..TO says"]
fn many_modules_with_exceptions_agree() {
    judge_all(wanted(), judge_throwing);
}
