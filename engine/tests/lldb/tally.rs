//! What was found of one module: both debuggers' views of its stops, side by side.

use crate::leaf::{self, Verdict};
use crate::{Shown, Stop, Visit};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Differences that are not ours: the start of the module's name, a part of `STOP: PATH`, and why.
const KNOWN: &[(&str, &str, &str)] = &[
    ("rust_", ".hash_builder.k", "the keys of a hash table are random"),
    (
        "rust_",
        ".table.table.ctrl.pointer",
        "the bytes that guard a hash table are made of hashes",
    ),
    ("zig_", "rare: short", "LLDB reads an `f16` as the integer 0"),
];

/// Why what both show of memory may differ: a system call leaves on the stack what the host has done.
const UNBORN: &str = "the program has yet to come to where it is declared, and the memory holds leavings";

/// What was found of one module.
#[derive(Default)]
pub struct Tally {
    stops: usize,
    equal: usize,
    apart: Vec<String>,
    only_ours: Vec<String>,
    only_theirs: Vec<String>,
    neither: usize,
    pub different: Vec<String>,
    known: Vec<String>,
    rows: usize,
    /// Names of functions by their index in the table.
    functions: BTreeMap<String, String>,
    pub rows_different: Vec<String>,
    placed: Vec<String>,
    /// Where LLDB did not stop when we did.
    pub missed: Vec<String>,
}

impl Tally {
    pub fn figures(&self) -> String {
        format!(
            "{} stops, {} missed, {} leaves equal, {} apart, {} different, {} known, {} only ours, {} only theirs, {} neither; \
             {} rows equal, {} different; {} breakpoints placed elsewhere",
            self.stops,
            self.missed.len(),
            self.equal,
            self.apart.len(),
            self.different.len(),
            self.known.len(),
            self.only_ours.len(),
            self.only_theirs.len(),
            self.neither,
            self.rows,
            self.rows_different.len(),
            self.placed.len()
        )
    }

    pub fn lists(&self) -> String {
        let lists = [
            ("missed", &self.missed),
            ("different", &self.different),
            ("known", &self.known),
            ("rows different", &self.rows_different),
            ("breakpoints placed elsewhere", &self.placed),
            ("only theirs", &self.only_theirs),
            ("only ours", &self.only_ours),
            ("apart", &self.apart),
        ];
        let mut text = format!("{}\n", self.figures());
        for (title, lines) in lists {
            writeln!(text, "\n{title}: {}", lines.len()).expect("room");
            for line in lines {
                writeln!(text, "  {line}").expect("room");
            }
        }
        text
    }

    /// How many there are on our side.
    pub fn stops(&self) -> usize {
        self.stops + self.missed.len()
    }

    /// Takes a stop that LLDB did not come to.
    pub fn miss(&mut self, stop: &Stop) {
        self.missed.push(stop.mark.name.clone());
    }

    /// Takes one stop.
    pub fn add(&mut self, stop: &Stop, visit: &Visit, module: &str) {
        self.stops += 1;
        self.rows(stop, visit);
        let mut met: BTreeSet<&str> = BTreeSet::new();
        for leaf in &visit.leaves {
            let parts: Vec<&str> = leaf.iter().map(String::as_str).collect();
            if let Some((&path, theirs)) = parts.split_first() {
                let root = path.split('.').next().unwrap_or("");
                let unborn = visit.unborn.iter().any(|name| name == root);
                met.extend(self.leaf(stop, path, theirs, module, unborn));
            }
        }
        let rest = stop
            .shown
            .iter()
            .filter(|(path, shown)| shown.leaf && shown.available && !met.contains(path.as_str()));
        for (path, shown) in rest {
            self.only_ours
                .push(format!("{}: {path} = {}", stop.mark.name, shown.text));
        }
        if !visit.bound.contains(&stop.offset) {
            let (ours, theirs) = (stop.offset, &visit.bound);
            self.placed
                .push(format!("{}: {ours:#x}, theirs {theirs:x?}", stop.mark.name));
        }
    }

    fn rows(&mut self, stop: &Stop, visit: &Visit) {
        let name = &stop.mark.name;
        let lens = (stop.frames.len(), visit.frames.len());
        if lens.0 != lens.1 {
            self.rows_different
                .push(format!("{name}: {} rows, theirs {}", lens.0, lens.1));
        }
        for (ours, theirs) in stop.frames.iter().zip(&visit.frames) {
            // The class of a lambda has no name in the debug information; LLDB takes what symbol there is.
            let lambda = ours.function.starts_with("operator()");
            let same = (plain(&ours.function) == plain(&theirs.function) || lambda)
                && ours.inlined == theirs.inlined
                && ours.line == theirs.line;
            match same {
                true => self.rows += 1,
                false => self
                    .rows_different
                    .push(format!("{name}: {ours:?}, theirs {theirs:?}")),
            }
        }
    }

    /// Takes one leaf of theirs; says what of ours it is.
    fn leaf<'a>(
        &mut self,
        stop: &'a Stop,
        path: &str,
        theirs: &[&str],
        module: &str,
        unborn: bool,
    ) -> Option<&'a str> {
        let line = |text: &str| format!("{}: {path} = {text}", stop.mark.name);
        let kind = theirs.first().copied().unwrap_or("");
        let here = counterpart(stop, path, kind);
        let Some((at, shown)) = here.filter(|(_, shown)| shown.available) else {
            if kind == "absent" {
                self.neither += 1;
            } else if !passed_over(stop, path, kind, here.is_some()) {
                self.only_theirs.push(line(&theirs.join(" ")));
            }
            return here.map(|(at, _)| at);
        };
        // We show what a reference refers to.
        if kind == "pointer" && at != path {
            return None;
        }
        if kind == "absent" {
            if shown.leaf {
                self.only_ours
                    .push(line(&format!("{} (theirs: {})", shown.text, theirs.join(" "))));
            }
            return Some(at);
        }
        let both = line(&format!("{}, theirs {}", shown.text, theirs.join(" ")));
        match leaf::verdict(&shown.text, theirs) {
            Verdict::Equal => self.equal += 1,
            Verdict::Apart => {
                // One index is one function, at every stop.
                if let ["function", index, ..] = theirs {
                    let name = self
                        .functions
                        .entry((*index).to_string())
                        .or_insert(shown.text.clone());
                    if *name != shown.text {
                        self.different.push(format!("{both}, before {name}"));
                    }
                }
                self.apart.push(both);
            }
            Verdict::Different => {
                let place = format!("{}: {path}", stop.mark.name);
                let mut known = KNOWN.iter();
                let known = known.find(|(start, part, _)| module.starts_with(start) && place.contains(part));
                match known.map(|(_, _, why)| *why).or(unborn.then_some(UNBORN)) {
                    Some(why) => self.known.push(format!("{both} ({why})")),
                    None => self.different.push(both),
                }
            }
        }
        Some(at)
    }
}

/// Ours of a path of theirs. A function and a reference have no address with us, an alternative no node of its own;
/// `null` may be a pointer or a name.
fn counterpart<'a>(stop: &'a Stop, path: &str, kind: &str) -> Option<(&'a str, &'a Shown)> {
    let owner = path.strip_suffix(".&").or(path.strip_suffix(".?"));
    let through = owner
        .and_then(|owner| owner.strip_suffix(".*"))
        .filter(|_| kind == "function");
    let pointer = format!("{path}.&");
    [Some(path), through, owner, Some(&pointer)]
        .into_iter()
        .flatten()
        .find_map(|path| stop.shown.get_key_value(path))
        .map(|(path, shown)| (path.as_str(), shown))
}

/// Whether a leaf of theirs has no counterpart by the way we show what it belongs to.
fn passed_over(stop: &Stop, path: &str, kind: &str, known: bool) -> bool {
    // Members stand where they are of the class that an object is of.
    let dynamic = |parent: &str| {
        stop.shown
            .get(&format!("{parent}.&"))
            .is_some_and(|shown| shown.dynamic)
    };
    let mut parents = path.match_indices('.').filter_map(|(at, _)| path.get(..at));
    // Members of an alternative stand where the whole would, what a reference refers to where it would.
    let below = path.replace('&', "*");
    let led_through = kind == "pointer" && stop.shown.keys().any(|path| path.starts_with(&below));
    parents.any(dynamic) || !known && (kind == "variant" || led_through)
}

/// The last part of a function's name, without its parameters, arguments and hash: the rest the two write in
/// different ways.
fn plain(function: &str) -> String {
    let name = function.replace("_$u7b$$u7b$closure$u7d$$u7d$", "{{closure}}");
    let name = match name.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 => name,
        _ => &name,
    };
    if let Some((_, operator)) = name.split_once("operator") {
        let end = operator.get(1..).and_then(|rest| rest.find(['(', '<', '[']));
        return operator
            .get(..end.map_or(operator.len(), |end| end + 1))
            .unwrap_or("")
            .to_string();
    }
    let mut plain = String::new();
    let mut depth = 0usize;
    for letter in name.chars() {
        match letter {
            // A computed type of result stands before the name.
            '(' if plain == "decltype" || depth > 0 => depth += 1,
            '(' if !plain.is_empty() => break,
            '<' | '[' => depth += 1,
            '>' | ']' => depth = depth.saturating_sub(1),
            ')' if depth > 0 => depth -= 1,
            _ if depth == 0 => plain.push(letter),
            _ => {}
        }
    }
    let last = plain
        .rsplit([':', ' ', '.'])
        .find(|part| !part.is_empty())
        .unwrap_or("");
    match last {
        // What the linker calls a `main` with arguments.
        "__main_argc_argv" => "main".to_string(),
        last => last.to_string(),
    }
}
