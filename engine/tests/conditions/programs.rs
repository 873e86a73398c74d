//! Conditions by the names of real programs: at every hit of the marked stops of the `values` samples, the code of a
//! condition lets pass what the evaluator says no to.

use super::{World, code_offset, frame_types};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use stepwell_debuginfo::{CodeOffset, DebugInfo, ModuleOffset, ValueNode};
use stepwell_engine::compile::{self, Condition, Stop, Stops};
use stepwell_engine::module::{Module, decode};
use stepwell_engine::runtime::paused::{Paused, Resume, StopCause, StopHandler, TickAction};
use stepwell_engine::runtime::store::{Backend, CallOutcome, Extern, Store};
use stepwell_engine::wasi::{Output, WasiCtx, host_funcs};

/// The most expressions at one place.
const MOST_CONDITIONS: usize = 12;
/// Hits of one place that are evaluated.
const MOST_HITS: usize = 12;

/// A place of the program and the conditions tried there.
struct Place {
    func: u32,
    at: CodeOffset,
    conditions: Vec<(String, Option<Condition>)>,
    /// For each hit, whether each condition does not say no.
    hits: Vec<Vec<bool>>,
}

struct Program {
    module: Arc<Module>,
    debug: DebugInfo,
    places: BTreeMap<u64, Place>,
}

/// Evaluates everything at every hit.
struct Evaluator<'a>(&'a mut Program);

impl StopHandler for Evaluator<'_> {
    fn on_stop(&mut self, paused: &mut Paused<'_>, _: &StopCause) -> Resume {
        let frame = paused.frame(0).expect("a frame");
        let Program {
            debug,
            places,
            module,
        } = self.0;
        let offset = frame.head.pc.0;
        let place = places.get_mut(&offset).expect("a place");
        let world = World {
            store: paused.store(),
            frame,
        };
        if place.hits.is_empty() {
            let types = frame_types(module, place.func, offset);
            let texts = conditions(debug, place.at, &world);
            place.conditions = (texts.into_iter())
                .map(|text| {
                    let code = debug.condition_code(&text, place.at, 0, &types);
                    (text, code.and_then(|code| Condition::new(&code)))
                })
                .collect();
        }
        if place.hits.len() < MOST_HITS {
            let answers = place.conditions.iter();
            let answers = answers.map(|(text, _)| debug.holds(text, place.at, 0, &world) != Ok(false));
            place.hits.push(answers.collect());
        }
        Resume::Continue
    }

    fn on_interrupt(&mut self, _: &mut Paused<'_>) -> TickAction {
        TickAction::Continue
    }
}

/// Counts the hits of each place that look in.
struct Counter {
    stops: BTreeMap<u64, usize>,
}

impl StopHandler for Counter {
    fn on_stop(&mut self, paused: &mut Paused<'_>, _: &StopCause) -> Resume {
        let head = paused.head(0).expect("a frame");
        *self.stops.entry(head.pc.0).or_default() += 1;
        Resume::Continue
    }

    fn on_interrupt(&mut self, _: &mut Paused<'_>) -> TickAction {
        TickAction::Continue
    }
}

/// Names of numbers in the frame: variables, their members, elements, and what they point to.
fn numbers(
    debug: &DebugInfo,
    world: &World<'_>,
    node: &ValueNode,
    path: String,
    depth: usize,
    found: &mut Vec<(String, String)>,
) {
    if found.len() > 40 {
        return;
    }
    let text = node.text.split_whitespace().next().unwrap_or("");
    if text.parse::<f64>().is_ok() {
        found.push((path.clone(), text.to_string()));
    } else if text == "true" || text == "false" || text.starts_with("0x") {
        found.push((path.clone(), "0".to_string()));
    }
    let Some(expand) = node.expand.as_ref().filter(|_| depth > 0) else {
        return;
    };
    for child in debug.children(expand, world).iter().take(5) {
        let inner = match child.name.as_bytes().first() {
            Some(b'[') => format!("{path}{}", child.name),
            Some(b'*') => format!("(*{path})"),
            _ => format!("{path}.{}", child.name),
        };
        numbers(debug, world, child, inner, depth - 1, found);
    }
}

fn conditions(debug: &DebugInfo, at: CodeOffset, world: &World<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let statics = debug.statics(at, world);
    // A name that functions elsewhere have twice means neither of the two.
    let once = |node: &&ValueNode| statics.iter().filter(|other| other.name == node.name).count() == 1;
    let variables = debug.variables(at, 0, world);
    for node in variables.iter().chain(statics.iter().filter(once)) {
        numbers(debug, world, node, node.name.clone(), 2, &mut found);
    }
    let mut texts = Vec::new();
    for (index, (path, value)) in found.iter().enumerate() {
        let (other, _) = &found[(index * 7 + 3) % found.len()];
        texts.extend([
            format!("{path} == {value}"),
            format!("{path} > {value} || {path} * 3 - 1 < {other}"),
            format!("{path} % 3 == 0 && {other} != 2"),
            format!("-{path} < {other} / {path}"),
            format!("!{path}"),
            format!("({path} >> 2 & 5) != {other}"),
        ]);
    }
    let step = texts.len().div_ceil(MOST_CONDITIONS).max(1);
    texts.into_iter().step_by(step).collect()
}

fn run(program: &Program, stops: BTreeMap<u32, Vec<Stop>>, handler: &mut dyn StopHandler) {
    let mut store = Store::new(Backend::Compiled).expect("a store");
    let ctx = WasiCtx::builder()
        .arg("values")
        .stdout(Output::discard())
        .build()
        .expect("a context");
    for func in host_funcs(ctx) {
        store.define_host(func);
    }
    store
        .instantiate(program.module.clone())
        .expect("links")
        .expect("no trap");
    for (func, stops) in stops {
        store.set_stops(0, func, Stops::At(stops)).expect("compiles");
    }
    let Some(Extern::Func(start)) = store.export(0, "_start") else {
        panic!("no _start")
    };
    let outcome = store.call(start, &[], handler).expect("runs");
    assert!(
        matches!(outcome, CallOutcome::Returned(_) | CallOutcome::Exited(0)),
        "{outcome:?}"
    );
}

/// How many conditions there were, and how many were computed.
fn agree(source: &str, name: &str) -> (usize, usize) {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/guests/values");
    let bytes: Arc<[u8]> = std::fs::read(guests.join(name)).expect("a sample").into();
    let module = decode(bytes.clone()).expect("valid");
    let debug = DebugInfo::parse(bytes);
    let text = std::fs::read_to_string(guests.join(source)).expect("the source");
    let lines = (1u32..)
        .zip(text.lines())
        .filter(|(_, line)| line.contains("// stop: "));
    let file = debug.files_matching(source)[0];
    let mut places = BTreeMap::new();
    let code = module.code.as_ref().expect("code");
    for (line, _) in lines {
        for at in debug.binding_from_line(file, line).expect("code").locations {
            let ModuleOffset(offset) = code.module_offset_from_code(at).expect("in the module");
            let func = module.func_at(offset).expect("a function");
            let offset = stepwell_engine::module::text::operator_offsets(&module, func)
                .into_iter()
                .find(|&operator| operator >= offset)
                .expect("an operator");
            let at = code_offset(&module, offset);
            places.insert(
                offset,
                Place {
                    func,
                    at,
                    conditions: Vec::new(),
                    hits: Vec::new(),
                },
            );
        }
    }
    let mut program = Program {
        module,
        debug,
        places,
    };
    let mut always: BTreeMap<u32, Vec<Stop>> = BTreeMap::new();
    for (&offset, place) in &program.places {
        always.entry(place.func).or_default().push(Stop::always(offset));
    }
    let copy = Program {
        module: program.module.clone(),
        debug: DebugInfo::parse(program.module.bytes.clone()),
        places: BTreeMap::new(),
    };
    run(&copy, always, &mut Evaluator(&mut program));
    let (mut tried, mut computed) = (0, 0);
    for turn in 0..MOST_CONDITIONS {
        let mut stops: BTreeMap<u32, Vec<Stop>> = BTreeMap::new();
        let mut expected = BTreeMap::new();
        for (&offset, place) in &program.places {
            let Some((text, condition)) = place.conditions.get(turn) else {
                continue;
            };
            tried += 1;
            let Some(condition) = condition.clone().filter(|_| place.hits.len() < MOST_HITS) else {
                continue;
            };
            computed += 1;
            let hits = place.hits.iter().filter(|hit| hit[turn]).count();
            expected.insert(offset, (hits, text));
            stops.entry(place.func).or_default().push(Stop {
                offset,
                only_if: vec![condition],
            });
        }
        let mut counter = Counter {
            stops: BTreeMap::new(),
        };
        run(&copy, stops, &mut counter);
        for (offset, (hits, text)) in expected {
            let found = counter.stops.get(&offset).copied().unwrap_or(0);
            assert_eq!(found, hits, "{name}: {text} at 0x{offset:x}");
        }
    }
    (tried, computed)
}

#[test]
fn names_mean_the_same_computed_and_evaluated() {
    if compile::supported().is_err() {
        return;
    }
    for (source, name, least) in [
        ("values.c", "c_o0.wasm", 60),
        ("values.c", "c_o2.wasm", 60),
        ("values.cpp", "cpp_o0.wasm", 12),
        ("values.cpp", "cpp_o2.wasm", 10),
        ("values.rs", "rust_o0.wasm", 15),
        ("values.rs", "rust_o2.wasm", 12),
        ("values.zig", "zig_Debug.wasm", 50),
        ("values.zig", "zig_ReleaseSafe.wasm", 40),
        ("inventory.c", "inventory_o0.wasm", 60),
        ("inventory.c", "inventory_o2.wasm", 60),
        ("graph.cpp", "graph_o0.wasm", 35),
        ("graph.cpp", "graph_o2.wasm", 25),
        ("parser.rs", "parser_o0.wasm", 12),
        ("parser.rs", "parser_o2.wasm", 9),
        ("schedule.zig", "schedule_Debug.wasm", 60),
        ("schedule.zig", "schedule_ReleaseSafe.wasm", 60),
    ] {
        let (tried, computed) = agree(source, name);
        let share = computed * 100 / tried.max(1);
        println!("{name}: {computed} of {tried} conditions computed ({share} %)");
        assert!(share >= least, "{name}: {computed} of {tried}");
    }
}
