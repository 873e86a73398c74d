//! What the session has told so far, folded event by event.
//!
//! # Invariants
//! - [`Model::fold`] is the only way in; it neither draws nor sends.
//! - Bounded: a guest that prints for ever, or a session that complains for ever, does not grow it.
//!
//! Must not know: egui, panes.

use super::queries::{Answer, Queries};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use stepwell_debuginfo::{FileId, ModuleOffset, SourceFile};
use stepwell_engine::debugger::{
    BreakpointId, BreakpointSpec, BreakpointState, DebugSummary, Event, FrameInfo, ModuleInfo, Outcome,
    OutputStream, Query, Reply, Snapshot, SourcePlace, StopId, StopReason, TrapInfo,
};

const MAX_OUTPUT_BYTES: usize = 1 << 20;
const MAX_OUTPUT_LINES: usize = 20_000;
/// A line longer than this is cut, so that drawing it stays cheap.
const MAX_LINE_BYTES: usize = 4096;
const MAX_PROBLEMS: usize = 100;

/// Where the run stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Phase {
    /// No module.
    #[default]
    Empty,
    /// A module is being read, decoded or linked.
    Loading,
    /// It could not be loaded; says why.
    Failed(String),
    /// Loaded, not started.
    Ready,
    /// The guest runs.
    Running,
    /// The guest stands still; see [`Model::snapshot`].
    Stopped,
    /// The run is over.
    Ended(Outcome),
}

/// Who a line of output is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// The guest, on a stream.
    Guest(OutputStream),
    /// A logpoint.
    Log,
}

/// A line of the guest's output, or of a logpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputLine {
    /// Whose.
    pub voice: Voice,
    /// The text without its line end.
    pub text: String,
    finished: bool,
}

/// What the guest has printed, lately.
#[derive(Clone, Debug, Default)]
pub struct Output {
    lines: VecDeque<OutputLine>,
    len_bytes: usize,
    dropped: bool,
    partial: [Vec<u8>; 2],
}

impl Output {
    /// The lines, oldest first.
    pub fn lines(&self) -> &VecDeque<OutputLine> {
        &self.lines
    }

    /// All lines as one text.
    pub fn text(&self) -> String {
        self.lines.iter().fold(String::new(), |mut text, line| {
            text.push_str(&line.text);
            text.push('\n');
            text
        })
    }

    /// Whether older lines were let go.
    pub fn is_truncated(&self) -> bool {
        self.dropped
    }

    fn clear(&mut self) {
        *self = Output::default();
    }

    fn push(&mut self, stream: OutputStream, bytes: &[u8]) {
        let slot = match stream {
            OutputStream::Stdout => &mut self.partial[0],
            OutputStream::Stderr => &mut self.partial[1],
        };
        let mut all = std::mem::take(slot);
        all.extend_from_slice(bytes);
        // A character may be cut by the end of a write: keep its first bytes for the next one.
        let keep = incomplete_tail(&all);
        *slot = all.split_off(all.len().saturating_sub(keep));
        let text = String::from_utf8_lossy(&all);
        for piece in text.split_inclusive('\n') {
            let finished = piece.ends_with('\n');
            self.append(
                Voice::Guest(stream),
                piece.trim_end_matches(['\n', '\r']),
                finished,
            );
        }
        self.trim();
    }

    /// A line of a logpoint.
    fn log(&mut self, text: &str) {
        // What the guest has begun stays a line of its own.
        if let Some(last) = self.lines.back_mut() {
            last.finished = true;
        }
        for line in text.split('\n') {
            self.append(Voice::Log, line, true);
        }
        self.trim();
    }

    /// Lets the oldest lines go.
    fn trim(&mut self) {
        while self.len_bytes > MAX_OUTPUT_BYTES || self.lines.len() > MAX_OUTPUT_LINES {
            let Some(line) = self.lines.pop_front() else {
                break;
            };
            self.len_bytes = self.len_bytes.saturating_sub(line.text.len());
            self.dropped = true;
        }
    }

    fn append(&mut self, voice: Voice, piece: &str, finished: bool) {
        let clean = printable(piece);
        match self.lines.back_mut() {
            Some(last) if last.voice == voice && !last.finished => {
                if last.text.len() < MAX_LINE_BYTES {
                    last.text.push_str(&clean);
                    self.len_bytes = self.len_bytes.saturating_add(clean.len());
                }
                last.finished = finished;
            }
            _ => {
                self.len_bytes = self.len_bytes.saturating_add(clean.len());
                self.lines.push_back(OutputLine {
                    voice,
                    text: clean,
                    finished,
                });
            }
        }
    }
}

/// How many bytes at the end begin a character that is not complete.
fn incomplete_tail(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => bytes.len().saturating_sub(error.valid_up_to()),
        _ => 0,
    }
}

/// Text that can be drawn: tabs as spaces, other control characters as a middle dot, bounded.
fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len().min(MAX_LINE_BYTES));
    for character in text.chars() {
        if clean.len() >= MAX_LINE_BYTES {
            clean.push('…');
            break;
        }
        match character {
            '\t' => clean.push_str("    "),
            c if c.is_control() => clean.push('·'),
            c => clean.push(c),
        }
    }
    clean
}

/// A breakpoint as the window knows it.
#[derive(Clone, Debug)]
pub struct Breakpoint {
    /// What the session last said of it (or what was asked, until it does).
    pub state: BreakpointState,
    /// Whether the session has still to answer.
    pub awaited: bool,
}

impl Breakpoint {
    /// Whether it has a place in the module.
    pub fn is_bound(&self) -> bool {
        !self.state.locations.is_empty()
    }
}

/// What the session has told so far.
#[derive(Debug, Default)]
pub struct Model {
    /// Where the run stands.
    pub phase: Phase,
    /// The module's name.
    pub name: String,
    /// The module, once decoded.
    pub module: Option<Arc<ModuleInfo>>,
    /// Its debug info, once indexed.
    pub debug: Option<Arc<DebugSummary>>,
    /// The current stop.
    pub snapshot: Option<Arc<Snapshot>>,
    /// The stop before it, for marking what changed.
    pub previous: Option<Arc<Snapshot>>,
    /// The display frame that panes show.
    pub selected_frame: u32,
    /// All breakpoints.
    pub breakpoints: BTreeMap<BreakpointId, Breakpoint>,
    /// What the guest printed.
    pub output: Output,
    /// Whether the guest waits for standard input.
    pub waiting_for_input: bool,
    /// Whether end of file was sent to it.
    pub stdin_closed: bool,
    /// What could not be done, newest last.
    pub problems: VecDeque<String>,
    /// The newest of them, until the guest moves on.
    pub notice: Option<String>,
    /// Questions and answers.
    pub queries: Queries,
    /// Whether a new run was asked for that has not begun: what the old one printed goes when it does.
    pub run_begins: bool,
    /// Whether a command was sent whose event has not come.
    pub awaiting_motion: bool,
}

impl Model {
    /// A model of a module that is being loaded. Breakpoints stay.
    pub fn loading(name: &str, breakpoints: BTreeMap<BreakpointId, Breakpoint>) -> Model {
        Model {
            phase: Phase::Loading,
            name: name.to_owned(),
            breakpoints,
            ..Model::default()
        }
    }

    /// Takes one event in.
    pub fn fold(&mut self, event: Event) {
        match event {
            Event::Loaded(info) => {
                self.name = info.name.clone();
                self.module = Some(Arc::from(info));
                if self.phase == Phase::Loading {
                    self.phase = Phase::Ready;
                }
            }
            Event::LoadFailed { message } => {
                self.awaiting_motion = false;
                self.phase = Phase::Failed(message);
            }
            Event::DebugInfo(summary) => self.debug = Some(Arc::from(summary)),
            Event::BreakpointChanged(state) => {
                let breakpoint = Breakpoint {
                    state,
                    awaited: false,
                };
                self.breakpoints.insert(breakpoint.state.id, breakpoint);
            }
            Event::Running => {
                self.awaiting_motion = false;
                self.notice = None;
                self.waiting_for_input = false;
                if let Some(snapshot) = self.snapshot.take() {
                    self.previous = Some(snapshot);
                }
                if std::mem::take(&mut self.run_begins) {
                    self.output.clear();
                    self.stdin_closed = false;
                    self.previous = None;
                }
                self.phase = Phase::Running;
                self.queries.forget_unanswered();
            }
            Event::Stopped(snapshot) => {
                self.awaiting_motion = false;
                self.waiting_for_input = false;
                if let Some(last) = self.snapshot.take() {
                    self.previous = Some(last);
                }
                self.selected_frame = 0;
                self.snapshot = Some(Arc::from(snapshot));
                self.phase = Phase::Stopped;
                self.queries.forget_unanswered();
            }
            Event::Output { stream, bytes } => self.output.push(stream, &bytes),
            Event::Log { text, .. } => self.output.log(&text),
            Event::WaitingForInput => self.waiting_for_input = true,
            Event::Ended(outcome) => {
                self.awaiting_motion = false;
                self.waiting_for_input = false;
                self.snapshot = None;
                self.previous = None;
                self.phase = Phase::Ended(outcome);
                self.queries.forget_unanswered();
            }
            Event::Reply { id, result } => {
                if result == Ok(Reply::Written) {
                    self.queries.refresh();
                }
                self.queries.fold(id, result);
            }
            Event::Problem { message } => {
                self.awaiting_motion = false;
                self.problem(message);
            }
        }
    }

    /// Notes something that could not be done.
    pub fn problem(&mut self, message: String) {
        if self.problems.len() >= MAX_PROBLEMS {
            self.problems.pop_front();
        }
        self.notice = Some(message.clone());
        self.problems.push_back(message);
    }

    /// The stop's stamp, while the guest stands still.
    pub fn stop(&self) -> Option<StopId> {
        self.snapshot.as_ref().map(|snapshot| snapshot.stop)
    }

    /// The frame that panes show.
    pub fn frame(&self) -> Option<&FrameInfo> {
        let snapshot = self.snapshot.as_ref()?;
        let index = usize::try_from(self.selected_frame).ok()?;
        snapshot.frames.get(index)
    }

    /// The trap, if the guest stands at one.
    pub fn trap(&self) -> Option<&TrapInfo> {
        match &self.snapshot.as_ref()?.reason {
            StopReason::Trap(trap) => Some(trap),
            _ => None,
        }
    }

    /// What is known about a question.
    pub fn answer(&self, query: &Query) -> Answer<'_> {
        self.queries.answer(query)
    }

    /// The answer that a question about the selected frame had at the stop before, if the two can be compared.
    pub fn previous_answer(&self, query: &Query) -> Option<&Reply> {
        let before = self.previous.as_ref()?.stop;
        self.queries.previous(query, before)
    }

    /// Whether the selected frame is in the same function as at the stop before, so that its values can be
    /// compared.
    pub fn comparable(&self) -> bool {
        let (Some(now), Some(before)) = (&self.snapshot, &self.previous) else {
            return false;
        };
        let index = usize::try_from(self.selected_frame).unwrap_or(usize::MAX);
        match (now.frames.get(index), before.frames.get(index)) {
            (Some(a), Some(b)) => {
                a.func == b.func && a.function == b.function && now.frames_total == before.frames_total
            }
            _ => false,
        }
    }

    /// A function's name for people.
    pub fn function_name(&self, func: u32) -> String {
        let index = usize::try_from(func).unwrap_or(usize::MAX);
        if let Some(name) = self
            .debug
            .as_ref()
            .and_then(|debug| debug.function_names.get(index))
        {
            return name.clone();
        }
        match self
            .module
            .as_ref()
            .and_then(|module| module.functions.get(index))
        {
            Some(function) => function.name.clone(),
            None => format!("func[{func}]"),
        }
    }

    /// The function whose body contains a module offset.
    pub fn function_at(&self, offset: ModuleOffset) -> Option<u32> {
        let module = self.module.as_ref()?;
        module
            .functions
            .iter()
            .find(|function| {
                let (start, len_bytes) = function.body;
                offset >= start && offset.0 < start.0.saturating_add(len_bytes)
            })
            .map(|function| function.index)
    }

    /// A source file by its number.
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.debug.as_ref()?.files.iter().find(|file| file.id == id)
    }

    /// Whether debug info has come and offers no source lines.
    pub fn lacks_lines(&self) -> bool {
        self.debug.as_ref().is_some_and(|debug| !debug.has_lines)
    }

    /// The breakpoint that stands on a source line, by wish or by where it bound.
    pub fn breakpoint_at_line(&self, path: &str, line: u32) -> Option<&Breakpoint> {
        self.breakpoints
            .values()
            .find(|breakpoint| breakpoint_line(breakpoint, path) == Some(line))
    }

    /// The breakpoint that stands on an instruction.
    pub fn breakpoint_at_offset(&self, offset: ModuleOffset) -> Option<&Breakpoint> {
        self.breakpoints.values().find(|breakpoint| {
            breakpoint.state.spec == BreakpointSpec::Offset { offset }
                || breakpoint
                    .state
                    .locations
                    .iter()
                    .any(|location| location.offset == offset)
        })
    }

    /// A breakpoint number that is not in use.
    pub fn fresh_breakpoint(&self) -> BreakpointId {
        let last = self.breakpoints.keys().next_back();
        BreakpointId(last.map_or(1, |id| id.0.saturating_add(1)))
    }

    /// Whether nothing is under way: no question, no command, no breakpoint waits for its event.
    pub fn is_settled(&self) -> bool {
        let moving = match self.phase {
            Phase::Loading => true,
            Phase::Running => !self.waiting_for_input,
            Phase::Ready | Phase::Stopped | Phase::Ended(_) => self.debug.is_none(),
            Phase::Empty | Phase::Failed(_) => false,
        };
        !moving
            && !self.awaiting_motion
            && self.queries.outstanding() == 0
            && !self.breakpoints.values().any(|b| b.awaited)
    }
}

/// The line of `path` that a breakpoint's mark stands on: where it bound, else where it was wished.
pub fn breakpoint_line(breakpoint: &Breakpoint, path: &str) -> Option<u32> {
    let bound = breakpoint
        .state
        .locations
        .iter()
        .filter_map(|location| location.source.as_ref())
        .find(|place: &&SourcePlace| place.path == path);
    if let Some(place) = bound {
        return Some(place.line);
    }
    match &breakpoint.state.spec {
        BreakpointSpec::Line { path: wished, line }
            if breakpoint.state.locations.is_empty() && path_ends_with(path, wished) =>
        {
            Some(*line)
        }
        _ => None,
    }
}

/// Whether `path` ends in `suffix` by whole components.
pub fn path_ends_with(path: &str, suffix: &str) -> bool {
    std::path::Path::new(path).ends_with(suffix.trim_start_matches("./"))
}

/// Where a frame stands, in few words.
pub fn place_text(frame: &FrameInfo) -> String {
    match &frame.source {
        Some(place) => format!("{}:{}", file_name(&place.path), place.line),
        None => format!("{}", frame.pc),
    }
}

/// The last component of a recorded path.
pub fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(model: &mut Model, bytes: &[u8]) {
        model.fold(Event::Output {
            stream: OutputStream::Stdout,
            bytes: bytes.to_vec(),
        });
    }

    #[test]
    fn output_is_bounded_and_keeps_cut_characters_whole() {
        let mut model = Model::default();
        print(&mut model, "gr\u{fc}".as_bytes().get(..3).expect("cut"));
        print(&mut model, &[0xbc, b'n', b'\n']);
        assert_eq!(model.output.lines().len(), 1);
        assert_eq!(model.output.lines()[0].text, "gr\u{fc}n");
        for _ in 0..100 {
            print(&mut model, "x\n".repeat(10_000).as_bytes());
        }
        assert!(model.output.lines().len() <= MAX_OUTPUT_LINES);
        assert!(model.output.is_truncated());
    }

    #[test]
    fn endless_lines_are_cut() {
        let mut model = Model::default();
        for _ in 0..100 {
            print(&mut model, &[b'y'; 5000]);
        }
        let longest = model.output.lines().iter().map(|line| line.text.len()).max();
        assert!(longest.is_some_and(|len| len <= 2 * MAX_LINE_BYTES + 8));
    }
}
