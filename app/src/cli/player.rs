//! Carries out script actions over a session it does not hold: actions in, commands out; events in, transcript out.
//!
//! The protocol with its driver is described in [`script`](super::script).
//!
//! # Invariants
//! - It never blocks and has no clock; a driver that tires of waiting says so itself.
//! - What it asks carries the stamp of the present stop.
//! - The transcript depends on the guest and the script alone.
//!
//! Must not know: sessions, windows, terminals.

use super::print;
use super::script::{Action, Await, Target};
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use stepwell_engine::api::val_from_text;
use stepwell_engine::debugger::{
    BreakpointId, BreakpointSpec, BreakpointState, Command, Event, FrameDetail, FrameInfo, Outcome,
    OutputStream, Query, QueryError, QueryId, Reply, Snapshot, StopId, StopRule, WasmSlot, WriteTarget,
};

/// Questions are numbered from here, so that a window that asks questions of its own can share the session.
const FIRST_QUERY: u64 = 1 << 48;

/// What to do with the answer to come.
#[derive(Clone, Debug, PartialEq)]
enum Pending {
    Locals,
    Statics,
    Stack,
    WasmLocals,
    Globals,
    /// Of this expression.
    Value(String),
    Children,
    Memory,
    Text,
    /// The slots, to learn the type of the one to write.
    SlotType(Target, u32, String),
    Written,
}

/// Carries out actions, one at a time.
#[derive(Debug)]
pub struct Player {
    awaits: Await,
    pending: Option<(QueryId, Pending)>,
    next_query: u64,
    /// The breakpoint whose state is awaited.
    binding: Option<BreakpointId>,
    breakpoints: BTreeMap<u32, BreakpointState>,
    next_breakpoint: u32,
    snapshot: Option<Box<Snapshot>>,
    frame: u32,
    started: bool,
    ended: Option<Outcome>,
    waits_for_input: bool,
    quit: bool,
    /// Guest output that has no line end yet.
    partial: [Vec<u8>; 2],
    output: Vec<String>,
}

impl Default for Player {
    fn default() -> Self {
        Player {
            awaits: Await::Load,
            pending: None,
            next_query: FIRST_QUERY,
            binding: None,
            breakpoints: BTreeMap::new(),
            next_breakpoint: 1,
            snapshot: None,
            frame: 0,
            started: false,
            ended: None,
            waits_for_input: false,
            quit: false,
            partial: [Vec::new(), Vec::new()],
            output: Vec::new(),
        }
    }
}

impl Player {
    /// What has to happen before the next action.
    pub fn awaits(&self) -> Await {
        self.awaits
    }

    /// The lines of the transcript since this was last asked.
    pub fn take_output(&mut self) -> Vec<String> {
        std::mem::take(&mut self.output)
    }

    /// Whether `quit` was carried out.
    pub fn has_quit(&self) -> bool {
        self.quit
    }

    /// How the guest ended, if it has.
    pub fn ended(&self) -> Option<&Outcome> {
        self.ended.as_ref()
    }

    /// The selected frame.
    pub fn frame(&self) -> u32 {
        self.frame
    }

    /// Begins an action: the commands to send. Nothing may be awaited when it is called.
    pub fn begin(&mut self, action: &Action) -> Result<Vec<Command>> {
        Ok(match action {
            Action::Break(spec, rule) => {
                let id = self.next_breakpoint;
                self.next_breakpoint = id.saturating_add(1);
                vec![self.bind(BreakpointId(id), spec.clone(), true, rule.clone())]
            }
            Action::Delete(number) => {
                self.breakpoint(*number)?;
                self.breakpoints.remove(number);
                vec![Command::RemoveBreakpoint {
                    id: BreakpointId(*number),
                }]
            }
            Action::Enable(number, enabled) => {
                let state = self.breakpoint(*number)?;
                let (id, spec, rule) = (state.id, state.spec.clone(), state.rule.clone());
                vec![self.bind(id, spec, *enabled, rule)]
            }
            Action::Run { entry, nowait } => {
                let command = if self.started || *entry {
                    Command::Restart {
                        stop_on_entry: *entry,
                    }
                } else {
                    Command::Start
                };
                self.started = true;
                self.resume(command, *nowait)
            }
            Action::Step(kind, unit) => {
                self.stop_id()?;
                let command = Command::Step {
                    kind: *kind,
                    unit: *unit,
                    frame: self.frame,
                };
                self.resume(command, false)
            }
            Action::Continue { nowait } => {
                self.stop_id()?;
                self.resume(Command::Continue, *nowait)
            }
            Action::Until(spec) => {
                self.stop_id()?;
                self.resume(Command::RunTo { spec: spec.clone() }, false)
            }
            Action::Pause => {
                if self.snapshot.is_some() || !self.started || self.ended.is_some() {
                    bail!("the guest is not running");
                }
                self.awaits = Await::Stop;
                vec![Command::Pause]
            }
            Action::Frame(number) => {
                let row = self.row(*number)?;
                let line = format!("#{number} {}", print::frame(row));
                self.output.push(line);
                self.frame = *number;
                Vec::new()
            }
            Action::Backtrace => {
                let lines = print::backtrace(self.stopped()?, self.frame);
                self.output.extend(lines);
                Vec::new()
            }
            Action::Locals => self.ask_frame(Pending::Locals)?,
            Action::Statics => self.ask_frame(Pending::Statics)?,
            Action::Stack => self.ask_frame(Pending::Stack)?,
            Action::WasmLocals => self.ask_frame(Pending::WasmLocals)?,
            Action::Globals => {
                let stop = self.stop_id()?;
                self.ask(Query::Globals { stop }, Pending::Globals)
            }
            Action::Print(expression) => {
                let query = Query::Evaluate {
                    stop: self.stop_id()?,
                    frame: self.frame,
                    expression: expression.clone(),
                };
                self.ask(query, Pending::Value(expression.clone()))
            }
            Action::Memory(address, len_bytes) => {
                let query = Query::Memory {
                    stop: self.stop_id()?,
                    memory: 0,
                    address: *address,
                    len_bytes: *len_bytes,
                };
                self.ask(query, Pending::Memory)
            }
            Action::Text => {
                let func = self.row(self.frame)?.func;
                self.ask(Query::WasmText { func }, Pending::Text)
            }
            Action::Set(target, index, value) => {
                let pending = Pending::SlotType(*target, *index, value.clone());
                match target {
                    Target::Local | Target::Operand => self.ask_frame(pending)?,
                    Target::Global => {
                        let stop = self.stop_id()?;
                        self.ask(Query::Globals { stop }, pending)
                    }
                }
            }
            Action::SetMemory(address, bytes) => {
                let target = WriteTarget::Memory {
                    memory: 0,
                    address: *address,
                    bytes: bytes.clone(),
                };
                self.write(target)?
            }
            Action::Input(text) => {
                self.go_on_with_input();
                vec![Command::Stdin(format!("{text}\n").into_bytes())]
            }
            Action::Eof => {
                self.go_on_with_input();
                vec![Command::CloseStdin]
            }
            Action::Stop => {
                if !self.started || self.ended.is_some() {
                    bail!("the guest has not been started");
                }
                self.awaits = Await::End;
                vec![Command::Stop]
            }
            Action::Quit => {
                self.quit = true;
                vec![Command::Quit]
            }
        })
    }

    /// Takes in what happened: further commands to send.
    pub fn event(&mut self, event: &Event) -> Result<Vec<Command>> {
        match event {
            Event::Loaded(_) | Event::Running => {}
            Event::LoadFailed { message } => bail!("{message}"),
            Event::DebugInfo(_) => self.settle(&[Await::Load]),
            Event::BreakpointChanged(state) => self.breakpoint_changed(state)?,
            Event::Stopped(snapshot) => {
                self.flush();
                self.output.extend(print::stop(snapshot));
                self.snapshot = Some(snapshot.clone());
                self.frame = 0;
                self.waits_for_input = false;
                self.settle(&[Await::Stop]);
            }
            Event::Output { stream, bytes } => self.guest_output(*stream, bytes),
            Event::Log { id, text } => {
                self.flush();
                self.output.push(format!("log {}: {text}", id.0));
            }
            Event::WaitingForInput => {
                self.flush();
                self.waits_for_input = true;
                if self.awaits == Await::Stop {
                    self.output.push("waiting for input".to_string());
                }
                self.settle(&[Await::Stop]);
            }
            Event::Ended(outcome) => {
                self.flush();
                self.output.push(print::outcome(outcome));
                self.snapshot = None;
                self.waits_for_input = false;
                self.ended = Some(outcome.clone());
                self.settle(&[Await::Stop, Await::End]);
            }
            Event::Reply { id, result } => {
                return self.reply(*id, result.as_ref());
            }
            Event::Problem { message } => bail!("{message}"),
        }
        Ok(Vec::new())
    }

    /// What is awaited has happened, if it is one of these.
    fn settle(&mut self, what: &[Await]) {
        if what.contains(&self.awaits) {
            self.awaits = Await::Nothing;
        }
    }

    /// The present stop.
    fn stopped(&self) -> Result<&Snapshot> {
        match &self.snapshot {
            Some(snapshot) => Ok(snapshot),
            None if self.ended.is_some() => bail!("the guest has ended; `run` starts it again"),
            None if self.waits_for_input => {
                bail!("the guest waits for input; give it some with `input TEXT` or `eof`")
            }
            None if self.started => bail!("the guest is running"),
            None => bail!("the guest has not been started; use `run`"),
        }
    }

    fn stop_id(&self) -> Result<StopId> {
        Ok(self.stopped()?.stop)
    }

    fn row(&self, number: u32) -> Result<&FrameInfo> {
        match self.stopped()?.frames.get(number as usize) {
            Some(row) => Ok(row),
            None => bail!("there is no frame {number}"),
        }
    }

    fn breakpoint(&self, number: u32) -> Result<&BreakpointState> {
        match self.breakpoints.get(&number) {
            Some(state) => Ok(state),
            None => bail!("there is no breakpoint {number}"),
        }
    }

    fn bind(&mut self, id: BreakpointId, spec: BreakpointSpec, enabled: bool, rule: StopRule) -> Command {
        self.binding = Some(id);
        self.awaits = Await::Breakpoint;
        Command::SetBreakpoint {
            id,
            spec,
            enabled,
            rule,
        }
    }

    /// A command after which the guest runs.
    fn resume(&mut self, command: Command, nowait: bool) -> Vec<Command> {
        self.snapshot = None;
        self.ended = None;
        if !nowait {
            self.awaits = Await::Stop;
        }
        vec![command]
    }

    /// A guest that waited for input runs on with it.
    fn go_on_with_input(&mut self) {
        if std::mem::take(&mut self.waits_for_input) {
            self.awaits = Await::Stop;
        }
    }

    fn ask(&mut self, query: Query, pending: Pending) -> Vec<Command> {
        let id = QueryId(self.next_query);
        self.next_query = self.next_query.wrapping_add(1);
        self.pending = Some((id, pending));
        self.awaits = Await::Reply;
        vec![Command::Query { id, query }]
    }

    fn ask_frame(&mut self, pending: Pending) -> Result<Vec<Command>> {
        let query = Query::Frame {
            stop: self.stop_id()?,
            frame: self.frame,
        };
        Ok(self.ask(query, pending))
    }

    fn write(&mut self, target: WriteTarget) -> Result<Vec<Command>> {
        let query = Query::Write {
            stop: self.stop_id()?,
            frame: self.frame,
            target,
        };
        Ok(self.ask(query, Pending::Written))
    }

    fn breakpoint_changed(&mut self, state: &BreakpointState) -> Result<()> {
        self.breakpoints.insert(state.id.0, state.clone());
        if self.binding != Some(state.id) {
            return Ok(());
        }
        match (&state.message, state.locations.is_empty()) {
            // Still to be looked for.
            (None, true) => return Ok(()),
            (Some(message), true) => bail!("{message}"),
            (_, false) => self.output.extend(print::breakpoint(state)),
        }
        self.binding = None;
        self.settle(&[Await::Breakpoint]);
        Ok(())
    }

    /// Takes an answer; what is not awaited belongs to somebody else.
    fn reply(&mut self, id: QueryId, reply: Result<&Reply, &QueryError>) -> Result<Vec<Command>> {
        let Some((_, pending)) = self.pending.take_if(|(awaited, _)| *awaited == id) else {
            return Ok(Vec::new());
        };
        self.settle(&[Await::Reply]);
        let reply = match (reply, &pending) {
            (Ok(reply), _) => reply,
            (Err(QueryError::Expression(error)), Pending::Value(expression)) => {
                self.output.push(format!("  {expression}"));
                self.output.push(format!("  {}", error.caret()));
                bail!("{error}")
            }
            (Err(error), _) => bail!("{error}"),
        };
        let lines = match (pending, reply) {
            (Pending::Locals, Reply::Frame(detail)) => print::values(&detail.variables, "no variables"),
            (Pending::Statics, Reply::Frame(detail)) => print::values(&detail.statics, "no static variables"),
            (Pending::Stack, Reply::Frame(detail)) => {
                print::slots(&detail.operands, "stack", "the operand stack is empty")
            }
            (Pending::WasmLocals, Reply::Frame(detail)) => {
                print::slots(&detail.locals, "local", "no wasm locals")
            }
            (Pending::Globals, Reply::Globals(globals)) => print::slots(globals, "global", "no globals"),
            (Pending::Memory, Reply::Memory(bytes)) => print::memory(bytes),
            (Pending::Text, Reply::WasmText(text)) => print::text(text, self.row(self.frame)?.pc),
            (Pending::Children, Reply::Children(nodes)) => print::children(nodes),
            (Pending::Written, Reply::Written) => vec!["written".to_string()],
            (Pending::Value(_), Reply::Value(node)) => {
                self.output.push(print::value(node));
                return match &node.expand {
                    None => Ok(Vec::new()),
                    Some(value) => {
                        let query = Query::Children {
                            stop: self.stop_id()?,
                            frame: self.frame,
                            value: value.clone(),
                        };
                        Ok(self.ask(query, Pending::Children))
                    }
                };
            }
            (Pending::SlotType(target, index, value), Reply::Frame(FrameDetail { locals, operands, .. })) => {
                let slots = if target == Target::Local { locals } else { operands };
                return self.write_slot(target, slots, index, &value);
            }
            (Pending::SlotType(target, index, value), Reply::Globals(globals)) => {
                return self.write_slot(target, globals, index, &value);
            }
            (_, _) => bail!("the answer does not fit the question"),
        };
        self.output.extend(lines);
        Ok(Vec::new())
    }

    fn write_slot(
        &mut self,
        target: Target,
        slots: &[WasmSlot],
        index: u32,
        text: &str,
    ) -> Result<Vec<Command>> {
        let Some(slot) = slots.iter().find(|slot| slot.index == index) else {
            bail!("there is no such local, operand or global: {index}");
        };
        let bits = val_from_text(slot.ty, text)?.bits();
        self.write(match target {
            Target::Local => WriteTarget::Local { index, bits },
            Target::Operand => WriteTarget::Operand { index, bits },
            Target::Global => WriteTarget::Global { index, bits },
        })
    }

    /// Guest output, a transcript line each.
    fn guest_output(&mut self, stream: OutputStream, bytes: &[u8]) {
        let (slot, _) = stream_mark(stream);
        let Some(partial) = self.partial.get_mut(slot) else {
            return;
        };
        partial.extend_from_slice(bytes);
        let Some(end) = partial.iter().rposition(|&byte| byte == b'\n') else {
            return;
        };
        let whole: Vec<u8> = partial.drain(..=end).collect();
        self.push_output(stream, &whole);
    }

    /// Shows output that still has no line end.
    fn flush(&mut self) {
        for stream in [OutputStream::Stdout, OutputStream::Stderr] {
            let (slot, _) = stream_mark(stream);
            let rest = self.partial.get_mut(slot).map(std::mem::take).unwrap_or_default();
            self.push_output(stream, &rest);
        }
    }

    fn push_output(&mut self, stream: OutputStream, bytes: &[u8]) {
        let (_, mark) = stream_mark(stream);
        let text = String::from_utf8_lossy(bytes);
        self.output.extend(
            text.lines()
                .map(|line| format!("{mark} {line}").trim_end().to_string()),
        );
    }
}

/// The number and the transcript's mark of a stream.
fn stream_mark(stream: OutputStream) -> (usize, char) {
    match stream {
        OutputStream::Stdout => (0, '|'),
        OutputStream::Stderr => (1, '!'),
    }
}
