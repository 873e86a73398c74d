//! What this debugger shows of a guest at its marked stops.

use crate::{Mark, Place, Shown, Stop};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};
use stepwell_debuginfo::{Availability, ValueNode};
use stepwell_engine::debugger::{
    BreakpointId, BreakpointSpec, Command, Event, OutputStream, Query, QueryError, QueryId, Reply, Session,
    SessionConfig, Snapshot, StopReason, StopRule,
};

/// A guest that does not answer in this time has hung.
const PATIENCE: Duration = Duration::from_secs(120);
// The same limits as in `visit.py`.
const DEPTH: usize = 10;
const ELEMENTS: usize = 16;
const LEAVES: usize = 600;
const ROWS: usize = 4;

/// Runs a module up to each mark of its sources, and reads the inner frames where it first comes by.
pub fn stops(module: &Path, marks: &[Mark]) -> Vec<Stop> {
    let config = SessionConfig {
        module: std::fs::read(module).expect("a module").into(),
        // Which the guest sees as its first argument, from both.
        name: crate::name_of(module),
        path: Some(module.to_path_buf()),
        ..SessionConfig::default()
    };
    let mut reader = Reader {
        session: Session::spawn(config, || {}),
        printed: 0,
    };
    for (id, mark) in (0u32..).zip(marks) {
        reader.session.send(Command::SetBreakpoint {
            id: BreakpointId(id),
            spec: BreakpointSpec::Line {
                path: mark.file.clone(),
                line: mark.line,
            },
            enabled: true,
            rule: StopRule::default(),
        });
    }
    reader.session.send(Command::Start);
    let mut stops: Vec<Stop> = Vec::new();
    while let Some(at) = reader.next_stop() {
        // After a fault nothing more comes.
        let StopReason::Breakpoint(ids) = &at.reason else {
            break;
        };
        // A breakpoint on a line without code moves to another.
        let line = at
            .frames
            .first()
            .and_then(|row| row.source.as_ref())
            .map(|source| source.line);
        let mut marked = ids.iter().filter_map(|id| marks.get(id.0 as usize));
        let mark = marked
            .clone()
            .find(|mark| Some(mark.line) == line)
            .or(marked.next());
        let stop = reader.stop(&at, mark.expect("its mark"));
        if stops.iter().all(|other| other.offset != stop.offset) {
            stops.push(stop);
        }
        // A loop would come by again.
        for id in ids {
            reader.session.send(Command::RemoveBreakpoint { id: *id });
        }
        reader.session.send(Command::Continue);
    }
    stops
}

struct Reader {
    session: Session,
    /// How many bytes came from the guest.
    printed: u64,
}

impl Reader {
    fn wait<T>(&mut self, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let event = self.session.wait_event(Duration::from_millis(100));
            if let Some(Event::Output {
                stream: OutputStream::Stdout,
                bytes,
            }) = &event
            {
                self.printed += bytes.len() as u64;
            }
            if let Some(found) = event.and_then(&mut wanted) {
                return found;
            }
        }
        panic!("nothing came in {PATIENCE:?}");
    }

    fn next_stop(&mut self) -> Option<Snapshot> {
        self.wait(|event| match event {
            Event::Stopped(snapshot) => Some(Some(*snapshot)),
            Event::Ended(_) => Some(None),
            Event::LoadFailed { message } => panic!("{message}"),
            _ => None,
        })
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

    fn stop(&mut self, at: &Snapshot, mark: &Mark) -> Stop {
        let row = |frame: &stepwell_engine::debugger::FrameInfo| Place {
            function: frame.function.clone(),
            inlined: frame.inlined,
            line: frame.source.as_ref().map_or(0, |source| source.line),
        };
        let mut leaves = BTreeMap::new();
        for (index, row) in at.frames.iter().enumerate().take(ROWS) {
            // LLDB can be asked for the innermost frame of a function only.
            if at
                .frames
                .iter()
                .take(index)
                .any(|inner| inner.function == row.function)
            {
                continue;
            }
            // Of two with one name (a parameter pack) the first.
            for (path, shown) in self.variables(at, row.index) {
                leaves.entry(path).or_insert(shown);
            }
        }
        Stop {
            mark: mark.clone(),
            offset: at.frames.first().map_or(0, |frame| frame.pc.0),
            printed: self.printed,
            frames: at.frames.iter().map(row).collect(),
            shown: leaves,
        }
    }

    fn variables(&mut self, at: &Snapshot, row: u32) -> Vec<(String, Shown)> {
        let query = Query::Frame {
            stop: at.stop,
            frame: row,
        };
        let frame = match self.ask(query) {
            Ok(Reply::Frame(frame)) => frame,
            other => panic!("{other:?}"),
        };
        let mut all = Vec::new();
        for variable in &frame.variables {
            let mut walk = Walk {
                reader: self,
                at,
                row,
                shown: Vec::new(),
            };
            let path = match row {
                0 => variable.name.clone(),
                _ => format!("{row}/{}", variable.name),
            };
            walk.node(path, 1, variable);
            all.extend(walk.shown);
        }
        all
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

/// Collects what is under one variable, by the paths that `visit.py` writes.
struct Walk<'a> {
    reader: &'a mut Reader,
    at: &'a Snapshot,
    row: u32,
    shown: Vec<(String, Shown)>,
}

impl Walk<'_> {
    fn leaves(&self) -> usize {
        self.shown.iter().filter(|(_, shown)| shown.leaf).count()
    }

    fn node(&mut self, path: String, depth: usize, node: &ValueNode) {
        if depth > DEPTH || self.shown.len() >= LEAVES {
            return;
        }
        let mut children = self.reader.children(self.at, self.row, node);
        // What a renderer makes of a value has no counterpart; the members have.
        let raw = children.iter().find(|child| child.name == "[raw]").cloned();
        if let Some(raw) = &raw {
            children = self.reader.children(self.at, self.row, raw);
        }
        let pointer = raw.is_none() && is_pointer(node);
        let path = format!("{path}{}", ".*".repeat(references(node, pointer)));
        let dynamic = pointer && node.text.ends_with(')') && !children.is_empty();
        self.shown.push((
            if pointer {
                format!("{path}.&")
            } else {
                path.clone()
            },
            Shown {
                text: node.text.clone(),
                available: node.availability == Availability::Available && !node.text.starts_with("-> "),
                leaf: pointer
                    || raw.is_none()
                        && children.is_empty()
                        && !node.text.starts_with(['{', '(', '['])
                        && !node.text.is_empty(),
                dynamic,
            },
        ));
        if dynamic {
            return;
        }
        let (mut bases, mut unnamed) = (0, 0);
        for child in &children {
            let before = self.leaves();
            if child.name == "*" {
                let through = if is_pointer(child) {
                    format!("{path}.*")
                } else {
                    path.clone()
                };
                self.node(through, depth, child);
            } else if let Some(index) = child
                .name
                .strip_prefix('[')
                .and_then(|name| name.strip_suffix(']'))
            {
                self.element(&path, depth, index, child);
            } else if child.name.starts_with('(') {
                self.node(format!("{path}.unnamed{unnamed}"), depth + 1, child);
                unnamed += usize::from(self.leaves() > before);
            } else if child.name == child.type_name {
                self.node(format!("{path}.base{bases}"), depth + 1, child);
                bases += usize::from(self.leaves() > before);
            } else {
                self.node(format!("{path}.{}", child.name), depth + 1, child);
            }
        }
    }

    /// An element, or a range of them.
    fn element(&mut self, path: &str, depth: usize, index: &str, node: &ValueNode) {
        match index.split_once("..") {
            Some(("0", _)) => {
                for child in self
                    .reader
                    .children(self.at, self.row, node)
                    .iter()
                    .take(ELEMENTS)
                {
                    self.node(format!("{path}.{}", child.name), depth + 1, child);
                }
            }
            Some(_) => {}
            None if index.parse().is_ok_and(|index: usize| index < ELEMENTS) => {
                self.node(format!("{path}.[{index}]"), depth + 1, node);
            }
            None => {}
        }
    }
}

/// Of what a pointer's type may be called, its value tells.
fn is_pointer(node: &ValueNode) -> bool {
    ["0x", "-> "].iter().any(|start| node.text.starts_with(start))
        || matches!(node.text.as_str(), "NULL" | "nullptr" | "null")
}

/// How many pointers to other pointers a value of Rust is shown through.
fn references(node: &ValueNode, pointer: bool) -> usize {
    let mut rest = node.type_name.as_str();
    // A pointer without a name (`&str *`), as in what a slice is made of, is none of these.
    if rest.ends_with('*') {
        return 0;
    }
    let mut thin = 0usize;
    while let Some(inner) = ["&mut ", "&", "alloc::boxed::Box<"]
        .iter()
        .find_map(|start| rest.strip_prefix(start))
    {
        rest = inner;
        thin += 1;
    }
    let slice = rest.starts_with('[') && !rest.contains(';');
    let fat = slice || rest.starts_with("dyn ") || rest.trim_end_matches('>') == "str";
    match pointer {
        true => thin,
        false => thin.saturating_sub(1 + usize::from(fat && thin > 0)),
    }
}
