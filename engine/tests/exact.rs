//! "Exact" proved: real programs, stepped instruction by instruction on compiled code and on the reference
//! interpreter at once. At every boundary all locals, operands and globals must be equal; regularly, and at the
//! end, all frames of the stack and all bytes of memory. The same for stops at watched stores alone, and for both.

// A list of ranges that has one is a list all the same.
#![allow(clippy::single_range_in_vec_init)]

mod exact_floats;
mod exact_vectors;
mod exception_programs;
mod runtime_support;

use runtime_support::{Watcher, host};
use std::ops::Range;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use stepwell_engine::module::{Module, decode};
use stepwell_engine::runtime::host::HostFunc;
use stepwell_engine::runtime::paused::{Frame, Paused, Resume, StopCause, Written};
use stepwell_engine::runtime::store::{Backend, CallOutcome, Extern, Store};
use stepwell_engine::types::{Val, ValType};
use stepwell_engine::wasi::{Input, Output, WasiCtx, host_funcs};

/// Instructions of one program that are compared at most.
const MOST_STEPS: usize = 400_000;
/// Every so many steps the whole stack is compared,
const WHOLE_STACK_EVERY: usize = 61;
/// but where the stack is deep, only so many of its frames for each step: a recursion of 30,000 calls would be looked
/// at for minutes otherwise.
const FRAMES_A_STEP: usize = 16;
/// and the whole memory.
const MEMORY_EVERY: usize = 20_011;
/// Steps travel to the comparison in batches.
const BATCH: usize = 512;

/// What is seen at one boundary.
#[derive(Debug, PartialEq)]
struct Step {
    /// The store that is told of, with what it stored; a boundary otherwise.
    written: Option<(Written, Vec<u8>)>,
    tick: u64,
    frames: Vec<Frame>,
    globals: Vec<Option<Val>>,
    memory: Option<u64>,
}

/// Where both sides are looked at.
#[derive(Clone, Debug)]
struct Places {
    /// At every instruction.
    all: bool,
    /// After stores to these addresses.
    watched: Vec<Range<u64>>,
}

impl Places {
    fn all() -> Places {
        Places {
            all: true,
            watched: Vec::new(),
        }
    }

    fn stores(watched: &[Range<u64>]) -> Places {
        Places {
            all: false,
            watched: watched.to_vec(),
        }
    }
}

fn look(paused: &Paused<'_>, cause: &StopCause, number: usize, whole_stack: bool) -> Step {
    let depth = if whole_stack { paused.depth() } else { 1 };
    let frames: Vec<Frame> = (0..depth)
        .map(|frame| paused.frame(frame).expect("a frame"))
        .collect();
    let store = paused.store();
    let globals = store.module(0).map_or(0, |module| module.globals.len() as u32);
    let memory = number
        .is_multiple_of(MEMORY_EVERY)
        .then(|| hash(store.memory(0, 0).unwrap_or_default()));
    let written = match cause {
        StopCause::Watch(written) => {
            let memory = store.memory(written.instance, written.memory).expect("a memory");
            let bytes = &memory[written.bytes.start as usize..written.bytes.end as usize];
            Some((written.clone(), bytes.to_vec()))
        }
        _ => None,
    };
    Step {
        written,
        tick: paused.ticks(),
        frames,
        globals: (0..globals).map(|global| store.global(0, global)).collect(),
        memory,
    }
}

/// FNV-1a over words: enough to tell memories apart.
fn hash(bytes: &[u8]) -> u64 {
    let words = bytes
        .chunks(8)
        .map(|chunk| chunk.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)));
    words.fold(0xcbf2_9ce4_8422_2325, |hash, word: u64| {
        (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

struct Run {
    outcome: CallOutcome,
    output: Vec<u8>,
    memory: u64,
}

/// A `random_get` that gives both sides the same bytes: Rust seeds its maps with them.
fn same_random() -> HostFunc {
    let params = [ValType::I32, ValType::I32];
    host(
        "wasi_snapshot_preview1",
        "random_get",
        &params,
        &[ValType::I32],
        |_, call| {
            let (Val::I32(address), Val::I32(len)) = (call.args[0], call.args[1]) else {
                panic!("{:?}", call.args)
            };
            let memory = call.memory.as_mut().expect("a memory");
            let buffer = memory.write(address as u32, len as u32).expect("in bounds");
            buffer.fill(0x5a);
            Ok(())
        },
    )
}

/// Runs a program with stops at the given places, sending what is seen.
fn run(
    backend: Backend,
    module: Arc<Module>,
    args: &[&str],
    places: &Places,
    steps: &SyncSender<Vec<Step>>,
) -> Run {
    let output = Arc::new(Mutex::new(Vec::new()));
    let sink = output.clone();
    let ctx = WasiCtx::builder()
        .args(args.iter().map(|arg| arg.as_bytes()))
        .stdin(Input::empty())
        .stdout(Output::callback(move |bytes| {
            sink.lock().expect("unpoisoned").extend_from_slice(bytes)
        }))
        .stderr(Output::discard())
        .build()
        .expect("a context");
    let mut store = Store::new(backend).expect("a store");
    for func in host_funcs(ctx) {
        store.define_host(func);
    }
    store.define_host(same_random());
    store.instantiate(module).expect("links").expect("no trap");
    store.set_flood(places.all).expect("twins");
    if !places.watched.is_empty() {
        store.watch(0, 0, &places.watched).expect("a memory");
    }
    let Some(Extern::Func(start)) = store.export(0, "_start") else {
        panic!("no _start")
    };
    let (mut number, mut next_whole, mut batch) = (0, 0, Vec::new());
    let mut watcher = Watcher::on_stop(|paused, cause| {
        let whole_stack = number >= next_whole;
        if whole_stack {
            next_whole = number + WHOLE_STACK_EVERY.max(paused.depth() as usize / FRAMES_A_STEP);
        }
        batch.push(look(paused, cause, number, whole_stack));
        number += 1;
        let last = number == MOST_STEPS || !matches!(cause, StopCause::Probe | StopCause::Watch(_));
        if last || batch.len() == BATCH {
            // The other side may have given up; it says why.
            let _ = steps.send(std::mem::take(&mut batch));
        }
        if number == MOST_STEPS {
            Resume::Abandon
        } else {
            Resume::Continue
        }
    });
    let outcome = store.call(start, &[], &mut watcher).expect("a call");
    drop(watcher);
    let _ = steps.send(batch);
    let output = output.lock().expect("unpoisoned").clone();
    Run {
        outcome,
        output,
        memory: hash(store.memory(0, 0).unwrap_or_default()),
    }
}

/// Compares two streams; how many steps were equal. It owns them: if it panics, both sides find nobody listening and
/// run to their end instead of waiting for ever.
fn compare(name: &str, module: &Module, ours: Receiver<Vec<Step>>, oracle: Receiver<Vec<Step>>) -> usize {
    let mut count = 0;
    let (mut left, mut right) = (Vec::new().into_iter(), Vec::new().into_iter());
    loop {
        let a = left.next().or_else(|| {
            left = ours.iter().find(|batch| !batch.is_empty())?.into_iter();
            left.next()
        });
        let b = right.next().or_else(|| {
            right = oracle.iter().find(|batch| !batch.is_empty())?.into_iter();
            right.next()
        });
        match (a, b) {
            (None, None) => return count,
            (Some(a), Some(b)) if a == b => count += 1,
            (a, b) => {
                let head = b
                    .as_ref()
                    .or(a.as_ref())
                    .and_then(|step| Some(step.frames.first()?.head));
                let text =
                    head.and_then(|head| stepwell_engine::module::text::operator_text(module, head.pc.0));
                panic!("{name}: step {count} ({text:?}) differs\ncompiled:    {a:?}\ninterpreted: {b:?}");
            }
        }
    }
}

fn check(path: &str, args: &[&str], places: &Places) -> usize {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../assets/guests")
        .join(path);
    let bytes = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    check_module(path, &decode(bytes.into()).expect("valid"), args, places)
}

fn check_module(path: &str, module: &Arc<Module>, args: &[&str], places: &Places) -> usize {
    let (ours, our_steps) = sync_channel(4);
    let (oracle, oracle_steps) = sync_channel(4);
    let steps = std::thread::scope(move |scope| {
        let compiled = scope.spawn({
            let module = module.clone();
            move || run(Backend::Compiled, module, args, places, &ours)
        });
        let interpreted = scope.spawn({
            let module = module.clone();
            move || run(Backend::Interpreter, module, args, places, &oracle)
        });
        let steps = compare(path, module, our_steps, oracle_steps);
        let (compiled, interpreted) = (
            compiled.join().expect("compiled"),
            interpreted.join().expect("interpreted"),
        );
        assert_eq!(compiled.outcome, interpreted.outcome, "{path}: outcome");
        assert_eq!(compiled.output, interpreted.output, "{path}: output");
        assert_eq!(compiled.memory, interpreted.memory, "{path}: memory");
        steps
    });
    println!("{path} {args:?}: {steps} stops agree");
    steps
}

#[test]
fn compiled_code_agrees_with_the_interpreter_at_every_instruction() {
    if let Err(why) = stepwell_engine::compile::supported() {
        println!("nothing to compare: {why}");
        return;
    }
    let programs: &[(&str, &[&str])] = &[
        ("list/list.wasm", &["list"]),
        ("list/list.wasm", &["list", "fault"]),
        ("shapes/shapes.wasm", &["shapes"]),
        ("shapes/shapes_o2.wasm", &["shapes"]),
        ("rust/bank.wasm", &["bank"]),
        ("sqlite/sqlite.wasm", &["sqlite"]),
        ("nodebug/stripped.wasm", &["queens"]),
        ("faults/recursion.wasm", &["recursion"]),
    ];
    let total: usize = programs
        .iter()
        .map(|(path, args)| check(path, args, &Places::all()))
        .sum();
    println!("{total} instructions agree");
    assert!(total >= 1_000_000, "only {total} instructions were compared");
}

#[test]
fn vectors_agree_with_the_interpreter_at_every_instruction() {
    if let Err(why) = stepwell_engine::compile::supported() {
        println!("nothing to compare: {why}");
        return;
    }
    let module = runtime_support::module(&exact_vectors::program());
    let steps = check_module("vectors", &module, &["vectors"], &Places::all());
    assert!(steps >= 150_000, "only {steps} instructions were compared");
    assert!(steps < MOST_STEPS, "the program was not compared to its end");
}

/// Programs that throw and catch. `STEPWELL_SEEDS=FROM..TO` tries others, or more.
#[test]
fn exceptions_agree_with_the_interpreter_at_every_instruction() {
    if let Err(why) = stepwell_engine::compile::supported() {
        println!("nothing to compare: {why}");
        return;
    }
    let text = std::env::var("STEPWELL_SEEDS").unwrap_or_else(|_| "0..12".to_string());
    let range = text
        .split_once("..")
        .and_then(|(from, to)| Some(from.parse::<u64>().ok()?..to.parse().ok()?));
    let range = range.unwrap_or_else(|| panic!("STEPWELL_SEEDS is FROM..TO, not {text:?}"));
    let programs = range.end.saturating_sub(range.start) as usize;
    let steps: usize = range
        .map(|seed| {
            let module = runtime_support::module(&exception_programs::program(seed));
            check_module(&format!("exceptions {seed}"), &module, &[], &Places::all())
        })
        .sum();
    assert!(
        steps >= 2_000 * programs,
        "only {steps} instructions were compared"
    );
}

#[test]
fn floats_agree_with_the_interpreter_at_every_instruction() {
    if let Err(why) = stepwell_engine::compile::supported() {
        println!("nothing to compare: {why}");
        return;
    }
    let module = runtime_support::module(&exact_floats::program());
    let steps = check_module("floats", &module, &["floats"], &Places::all());
    assert!(steps >= 150_000, "only {steps} instructions were compared");
    assert!(steps < MOST_STEPS, "the program was not compared to its end");
}

#[test]
fn watched_stores_are_told_of_exactly() {
    if let Err(why) = stepwell_engine::compile::supported() {
        println!("nothing to compare: {why}");
        return;
    }
    let everything = Places::stores(&[0..1 << 33]);
    // Parts of a stack, with gaps between.
    let parts = Places::stores(&[1_047_000..1_047_100, 1_048_001..1_048_003, 1_048_300..1_048_500]);
    let both = Places {
        all: true,
        ..everything.clone()
    };
    let vectors = runtime_support::module(&exact_vectors::program());
    let total = check("list/list.wasm", &["list"], &everything)
        + check("rust/bank.wasm", &["bank"], &parts)
        + check("list/list.wasm", &["list"], &both)
        + check_module("vectors", &vectors, &["vectors"], &everything)
        + check_module(
            "vectors",
            &vectors,
            &["vectors"],
            &Places::stores(&[1_110..1_119, 2_200..2_201]),
        );
    assert!(total > 90_000, "only {total} stops");
}
