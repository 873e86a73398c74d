//! Variables and call stacks against LLDB 22 on wasmtime's gdb server, at every marked stop of every build.
//!
//! ```sh
//! cargo test -p stepwell-engine --test lldb -- --ignored --nocapture
//! ```
//!
//! It needs `wasmtime` and `lldb-22` on PATH (or the program that `STEPWELL_LLDB` names), LLDB built with Python.
//! `STEPWELL_LLDB_GUESTS` names another folder than `assets/guests/values`: modules beside their sources, in which
//! `// stop: NAME` marks the lines. `STEPWELL_LLDB_ONLY=c_o2` takes the modules whose name begins so.
//!
//! This debugger stops first, at its breakpoint on the line; LLDB is then taken to the same instruction at the time when
//! the guest has printed as many bytes, so that both read one state. A stop that LLDB does not come to is missed, which
//! few may be. Each leaf of each variable of the inner frames (through members, elements and pointers, members as they
//! lie in memory) is compared by what its bytes mean, and the rows of the call stack by function, line and whether they
//! are inlined. What both show has to be equal, but for `tally::KNOWN` and what variables hold that are declared further
//! down. What only one shows is counted, and listed with all else in `target/lldb/MODULE.txt`.
//!
//! Of eighteen builds of eight programs, at 240 stops, about 36440 leaves (some hold random numbers) and 1752 rows are
//! equal, none different, none missed. 894 are pointers to functions and to members, of which LLDB shows the number.
//! 1456 leaves only we show: virtual tables, arrays whose lengths the program computes, the members of an object's own
//! class, variables of callers up to the call, `f80`. 530 only LLDB does, none of them a value that we lack: members of
//! the declared class where we show the object's; 0 for what the compiler kept no location for, and by such a 0 the
//! alternative that a variant holds; and what was written into the wasm local of a variable after its last use.

mod leaf;
mod ours;
mod tally;
mod theirs;

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tally::Tally;

/// LLDB may miss one stop in so many.
const MISSED: usize = 10;

/// A line that a source marks.
#[derive(Clone, Debug)]
pub struct Mark {
    pub file: String,
    pub line: u32,
    pub name: String,
}

/// A row of the call stack.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Place {
    pub function: String,
    pub inlined: bool,
    pub line: u32,
}

/// A value as this debugger shows it.
#[derive(Clone, Debug)]
pub struct Shown {
    pub text: String,
    pub available: bool,
    /// It has no parts; a pointer is a leaf and what it points to another.
    pub leaf: bool,
    /// It points to an object whose class only the running program knows; LLDB was told to go by the declared one.
    pub dynamic: bool,
}

/// What this debugger shows at a mark, the first time that the guest comes by.
pub struct Stop {
    pub mark: Mark,
    /// Of the instruction, in the module.
    pub offset: u64,
    /// The bytes that the guest has printed so far, by which a time that it comes by is known from another.
    pub printed: u64,
    pub frames: Vec<Place>,
    /// By path.
    pub shown: BTreeMap<String, Shown>,
}

/// What LLDB shows there, as `visit.py` writes it.
#[derive(Deserialize)]
pub struct Visit {
    pub offset: u64,
    pub printed: u64,
    /// Where its own breakpoint on the line would be.
    pub bound: Vec<u64>,
    pub frames: Vec<Place>,
    /// Each a path, a kind, and how it is written.
    pub leaves: Vec<Vec<String>>,
    /// Variables that are declared further down.
    pub unborn: Vec<String>,
}

/// The modules of the folder, and what its sources mark.
fn guests() -> (Vec<PathBuf>, Vec<Mark>) {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/guests/values");
    let folder = std::env::var_os("STEPWELL_LLDB_GUESTS").map_or(sample, PathBuf::from);
    let only = std::env::var("STEPWELL_LLDB_ONLY").unwrap_or_default();
    let entries = std::fs::read_dir(&folder).expect("the folder of guests");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let (modules, sources): (Vec<PathBuf>, Vec<PathBuf>) = files
        .into_iter()
        .partition(|file| file.extension().is_some_and(|kind| kind == "wasm"));
    let modules = modules
        .into_iter()
        .filter(|module| name_of(module).starts_with(&only));
    let marks = sources.iter().flat_map(|source| {
        let text = std::fs::read_to_string(source).unwrap_or_default();
        let file = name_of(source);
        let mark = |(line, text): (u32, &str)| {
            Some(Mark {
                file: file.clone(),
                line,
                name: text.split_once("// stop: ")?.1.to_string(),
            })
        };
        (1u32..).zip(text.lines()).filter_map(mark).collect::<Vec<Mark>>()
    });
    (modules.collect(), marks.collect())
}

/// The name of a file in its folder.
pub fn name_of(file: &Path) -> String {
    file.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// One module in both debuggers.
fn compare(module: &Path, marks: &[Mark]) -> Tally {
    let stops = ours::stops(module, marks);
    let visits = theirs::visits(module, &stops);
    let mut tally = Tally::default();
    for stop in &stops {
        let mut visits = visits.iter();
        match visits.find(|visit| (visit.offset, visit.printed) == (stop.offset, stop.printed)) {
            Some(visit) => tally.add(stop, visit, &name_of(module)),
            None => tally.miss(stop),
        }
    }
    tally
}

#[test]
#[ignore = "needs lldb-22 and wasmtime on PATH"]
fn agrees_with_lldb() {
    let (modules, marks) = guests();
    let lists = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/lldb");
    std::fs::create_dir_all(&lists).expect("a folder");
    let mut problems = Vec::new();
    for module in &modules {
        let name = name_of(module);
        let tally = compare(module, &marks);
        println!("{name}: {}", tally.figures());
        std::fs::write(lists.join(name.replace(".wasm", ".txt")), tally.lists()).expect("room");
        problems.extend(tally.different.iter().map(|line| format!("{name}: {line}")));
        if tally.missed.len() * MISSED > tally.stops() {
            problems.push(format!("{name}: missed {}", tally.missed.join(", ")));
        }
        problems.extend(tally.rows_different.iter().map(|line| format!("{name}: {line}")));
    }
    assert!(!modules.is_empty(), "no modules");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
