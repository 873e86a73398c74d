//! Values checked against the programs that hold them: every build of the `values` samples prints, before each of
//! its marked stops, what its variables hold, and those of its callers; the debugger has to show the same, however
//! often it comes by. At -O2 a variable may be optimized out; a wrong value never is an answer. The variables of all
//! stops stand in transcripts beside this file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use stepwell_debuginfo::{Availability, ValueNode};
use stepwell_engine::debugger::{
    BreakpointId, BreakpointSpec, Command, Event, Outcome, Query, QueryError, QueryId, Reply, Session,
    SessionConfig, Snapshot, StopReason, StopRule,
};

/// A guest that does not answer in this time has hung.
const PATIENCE: Duration = Duration::from_secs(120);

/// All passes of a stop are compared; so many are written down.
const WRITTEN: usize = 2;

struct Client {
    session: Session,
    output: Vec<u8>,
}

impl Client {
    fn wait<T>(&mut self, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let Some(event) = self.session.wait_event(Duration::from_millis(100)) else {
                continue;
            };
            if let Event::Output { bytes, .. } = &event {
                self.output.extend(bytes.iter());
            }
            if let Some(found) = wanted(event) {
                return found;
            }
        }
        panic!("nothing came in {PATIENCE:?}");
    }

    fn ask(&mut self, query: Query) -> Result<Reply, QueryError> {
        self.session.send(Command::Query {
            id: QueryId(7),
            query,
        });
        self.wait(|event| match event {
            Event::Reply {
                id: QueryId(7),
                result,
            } => Some(result),
            _ => None,
        })
    }

    fn children(&mut self, at: &Snapshot, frame: u32, node: &ValueNode) -> Vec<ValueNode> {
        let Some(value) = node.expand.clone() else {
            return Vec::new();
        };
        let query = Query::Children {
            stop: at.stop,
            frame,
            value,
        };
        match self.ask(query) {
            Ok(Reply::Children(nodes)) => nodes,
            other => panic!("{other:?}"),
        }
    }
}

fn guests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/guests/values")
}

/// The stops that a source marks: line to name.
fn stops(source: &str) -> BTreeMap<u32, String> {
    let text = std::fs::read_to_string(guests().join(source)).expect("the source");
    let marked = |(line, text): (u32, &str)| Some((line, text.split_once("// stop: ")?.1.to_string()));
    (1u32..).zip(text.lines()).filter_map(marked).collect()
}

/// What one build was found to show.
#[derive(Default)]
struct Tally {
    right: usize,
    optimized_out: Vec<String>,
    wrong: Vec<String>,
    transcript: String,
}

/// Runs a build, compares at each stop, and writes down all variables there.
fn run(source: &str, module: &str, optimized: bool) -> Tally {
    let file = guests().join(module);
    let config = SessionConfig {
        module: std::fs::read(&file).expect("a sample").into(),
        name: module.to_string(),
        path: Some(file),
        ..SessionConfig::default()
    };
    let mut client = Client {
        session: Session::spawn(config, || {}),
        output: Vec::new(),
    };
    let stops = stops(source);
    assert!(stops.len() >= 10, "{source} has {} stops", stops.len());
    for (id, line) in (1u32..).zip(stops.keys()) {
        client.session.send(Command::SetBreakpoint {
            id: BreakpointId(id),
            spec: BreakpointSpec::Line {
                path: source.to_string(),
                line: *line,
            },
            enabled: true,
            rule: StopRule::default(),
        });
    }
    client.session.send(Command::Start);
    let names: Vec<&String> = stops.values().collect();
    let mut tally = Tally::default();
    let mut passes: BTreeMap<String, Pass> = BTreeMap::new();
    loop {
        let stopped = client.wait(|event| match event {
            Event::Stopped(snapshot) => Some(Ok(*snapshot)),
            Event::Ended(outcome) => Some(Err(outcome)),
            Event::Problem { message } | Event::LoadFailed { message } => panic!("{message}"),
            _ => None,
        });
        let at = match stopped {
            Ok(at) => at,
            Err(outcome) => {
                assert_eq!(outcome, Outcome::Exited { code: 0 }, "{module}");
                break;
            }
        };
        let StopReason::Breakpoint(ids) = &at.reason else {
            panic!("{module}: {:?}", at.reason)
        };
        let name = ids
            .first()
            .and_then(|id| names.get(id.0 as usize - 1))
            .expect("its name");
        let pass = passes.entry(name.to_string()).or_default();
        compare(&mut client, &at, name, pass, optimized, &mut tally);
        client.session.send(Command::Continue);
    }
    assert_eq!(passes.len(), stops.len(), "{module} came by {:?}", passes.keys());
    tally
}

/// How often a stop was come by, and how much of the output was there then.
#[derive(Default)]
struct Pass {
    count: usize,
    output: usize,
}

/// Compares what the program printed for a pass of a stop with what the debugger shows.
fn compare(
    client: &mut Client,
    at: &Snapshot,
    stop: &str,
    pass: &mut Pass,
    optimized: bool,
    tally: &mut Tally,
) {
    let output = String::from_utf8_lossy(&client.output).into_owned();
    let fresh = output.get(pass.output..).unwrap_or_default();
    let said: Vec<(&str, &str)> = lines(fresh, &format!("{stop}: ")).collect();
    assert!(
        !said.is_empty() || pass.count > 0,
        "nothing was said about {stop}"
    );
    // The line is come by once more in the middle of what it does.
    if said.is_empty() {
        return;
    }
    pass.output = output.len();
    pass.count += 1;
    for (expression, value) in said {
        judge(client, at, 0, stop, (expression, value), optimized, tally);
    }
    // What a caller said before calls that did not come by here is of the past.
    let caller = format!("{stop}^");
    let told: BTreeMap<&str, &str> = lines(fresh, &format!("{caller}: ")).collect();
    for said in told {
        judge(client, at, 1, &caller, said, optimized, tally);
    }
    if pass.count > WRITTEN {
        return;
    }
    let frame = client.ask(Query::Frame {
        stop: at.stop,
        frame: 0,
    });
    let Ok(Reply::Frame(frame)) = frame else {
        panic!("{frame:?}")
    };
    writeln!(tally.transcript, "{stop}").expect("room");
    for node in &frame.variables {
        write(client, at, node, 1, &mut tally.transcript);
    }
}

/// The expressions and values of the lines that begin so.
fn lines<'a>(output: &'a str, head: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    output
        .lines()
        .filter_map(move |line| line.strip_prefix(head)?.split_once(" = "))
}

/// What stands for a part that is not there.
const GONE: &str = "optimized out";

/// Whether a value is what is shown of it, but for parts that are not there. Where a renderer lacks one, the plain
/// members of a library's type stand instead.
fn is_part(shown: &str, value: &str) -> bool {
    if ["{__", "{data_ptr"].iter().any(|plain| shown.starts_with(plain)) {
        return true;
    }
    let mut rest = Some(value);
    for part in shown.split(GONE) {
        rest = rest.and_then(|rest| Some(rest.split_once(part)?.1));
    }
    rest.is_some()
}

/// Judges what the debugger shows for one expression in one frame.
fn judge(
    client: &mut Client,
    at: &Snapshot,
    frame: u32,
    stop: &str,
    (expression, value): (&str, &str),
    optimized: bool,
    tally: &mut Tally,
) {
    let query = Query::Evaluate {
        stop: at.stop,
        frame,
        expression: expression.to_string(),
    };
    let shown = match client.ask(query) {
        // Of some a part is.
        Ok(Reply::Value(node))
            if node.availability == Availability::OptimizedOut
                || optimized && node.text.contains(GONE) && is_part(&node.text, value) =>
        {
            tally.optimized_out.push(format!("{stop}: {expression}"));
            return;
        }
        Ok(Reply::Value(node)) => node.text,
        // Optimizing compilers leave some variables out of the debug information altogether.
        Err(QueryError::Expression(error))
            if error.message.ends_with("optimized out")
                || optimized && error.message.starts_with("there is no variable") =>
        {
            tally.optimized_out.push(format!("{stop}: {expression}"));
            return;
        }
        other => format!("{other:?}"),
    };
    if shown == value {
        tally.right += 1;
    } else {
        tally
            .wrong
            .push(format!("{stop}: {expression} is {value}, shown as {shown}"));
    }
}

/// A node with the children of its children, but of raw members only the line.
fn write(client: &mut Client, at: &Snapshot, node: &ValueNode, indent: usize, out: &mut String) {
    let gap = "  ".repeat(indent);
    writeln!(out, "{gap}{}: {} = {}", node.name, node.type_name, node.text).expect("room");
    if indent >= 3 || node.name == "[raw]" {
        return;
    }
    for child in client.children(at, 0, node).iter().take(12) {
        write(client, at, child, indent + 1, out);
    }
}

/// Nothing of a build without optimization is optimized out.
const ALL: usize = 100;
/// What is kept in memory for a stop is there in optimized code, too.
const MOST: usize = 50;
/// What only the program itself has a use for often is not: LLVM does not follow variables from block to block here.
const SOME: usize = 30;

/// Checks builds; all of them before it fails. Of each so many percent of what was said have to be there.
fn check(source: &str, builds: &[(&str, usize)]) {
    let checked = builds
        .iter()
        .filter_map(|&(module, least)| build(source, module, least).err());
    let problems: Vec<String> = checked.collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn build(source: &str, module: &str, least: usize) -> Result<(), String> {
    let tally = run(source, module, least < ALL);
    println!(
        "{module}: {} right, {} optimized out, {} wrong",
        tally.right,
        tally.optimized_out.len(),
        tally.wrong.len()
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/values")
        .join(module.replace(".wasm", ".txt"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, &tally.transcript).expect("writes");
    }
    if !tally.wrong.is_empty() {
        return Err(format!("{module}:\n{}", tally.wrong.join("\n")));
    }
    let said = tally.right + tally.optimized_out.len();
    if tally.right * 100 < said * least {
        let gone = tally.optimized_out.join(", ");
        return Err(format!("{module}: these are optimized out: {gone}"));
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if tally.transcript != expected {
        let differs = expected
            .lines()
            .zip(tally.transcript.lines())
            .find(|(was, is)| was != is);
        return Err(format!(
            "{}: BLESS=1 writes the new text: {differs:?}",
            path.display()
        ));
    }
    Ok(())
}

#[test]
fn c() {
    check("values.c", &[("c_o0.wasm", ALL), ("c_o2.wasm", MOST)]);
}

#[test]
fn cpp_by_clang_19() {
    check("values.cpp", &[("cpp_o0.wasm", ALL), ("cpp_o2.wasm", MOST)]);
}

#[test]
fn cpp_by_zig() {
    check(
        "values.cpp",
        &[("cpp_zig_o0.wasm", ALL), ("cpp_zig_o2.wasm", MOST)],
    );
}

#[test]
fn rust() {
    check("values.rs", &[("rust_o0.wasm", ALL), ("rust_o2.wasm", MOST)]);
}

#[test]
fn zig() {
    check(
        "values.zig",
        &[("zig_Debug.wasm", ALL), ("zig_ReleaseSafe.wasm", MOST)],
    );
}

#[test]
fn c_inventory() {
    check(
        "inventory.c",
        &[("inventory_o0.wasm", ALL), ("inventory_o2.wasm", SOME)],
    );
}

#[test]
fn cpp_graph() {
    check("graph.cpp", &[("graph_o0.wasm", ALL), ("graph_o2.wasm", SOME)]);
}

#[test]
fn rust_parser() {
    check("parser.rs", &[("parser_o0.wasm", ALL), ("parser_o2.wasm", SOME)]);
}

#[test]
fn zig_schedule() {
    check(
        "schedule.zig",
        &[("schedule_Debug.wasm", ALL), ("schedule_ReleaseSafe.wasm", SOME)],
    );
}

/// What an adapter of iterators calls is a function by its type: a closure holds it, but no bytes of it.
#[test]
fn rust_function_without_bytes() {
    let (module, source) = ("parser_o0.wasm", "parser.rs");
    let (line, _) = stops(source)
        .into_iter()
        .find(|(_, name)| name == "find")
        .expect("its stop");
    let mut client = Client {
        session: Session::spawn(
            SessionConfig {
                module: std::fs::read(guests().join(module)).expect("a sample").into(),
                name: module.to_string(),
                ..SessionConfig::default()
            },
            || {},
        ),
        output: Vec::new(),
    };
    client.session.send(Command::SetBreakpoint {
        id: BreakpointId(1),
        spec: BreakpointSpec::Line {
            path: source.to_string(),
            line,
        },
        enabled: true,
        rule: StopRule::default(),
    });
    client.session.send(Command::Start);
    let at = client.wait(|event| match event {
        Event::Stopped(snapshot) => Some(*snapshot),
        _ => None,
    });
    let caller = at
        .frames
        .iter()
        .find(|row| row.function.ends_with("map_try_fold::{{closure}}"))
        .expect("the adapter");
    let query = Query::Frame {
        stop: at.stop,
        frame: caller.index,
    };
    let Ok(Reply::Frame(frame)) = client.ask(query) else {
        panic!("no frame");
    };
    let mut node = frame
        .variables
        .into_iter()
        .find(|variable| variable.name == "g")
        .expect("what the adapter calls");
    for _ in 0..2 {
        let children = client.children(&at, caller.index, &node);
        node = children
            .into_iter()
            .find(|child| child.name == "f")
            .expect("its member");
    }
    assert_eq!(node.text, "a function");
    assert!(node.type_name.starts_with("fn(f64) -> "), "{}", node.type_name);
}
