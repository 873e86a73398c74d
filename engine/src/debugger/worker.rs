//! The session's own thread: it alone touches the store, running or parked.
//!
//! # Invariants
//! - Messages are carried out in order; a guest that runs looks for them at ticks and host calls.
//! - No guest starts before the debug info is there, so that breakpoints bind before the first instruction.
//! - Between runs there is no guest: questions about a stop are refused.
//!
//! Must not know: front ends.

use super::breakpoints::Breakpoints;
use super::command::{Command, SessionConfig};
use super::debug_loader;
use super::describe::module_info;
use super::event::{Event, Outcome, OutputStream};
use super::guest::{After, Guest};
use super::query::{FunctionText, Query, QueryError, Reply, TextRow};
use super::session::{EventSink, words_of};
use super::symbols::Symbols;
use crate::api::order::{self, COMMAND_ENTRY};
use crate::api::val_from_text;
use crate::compile::{self, Stops};
use crate::error::Error;
use crate::module::{Module, decode, text};
use crate::runtime::host::Interrupt;
use crate::runtime::paused::Trap;
use crate::runtime::store::{Backend, CallOutcome, Extern, Store};
use crate::types::Val;
use crate::wasi::{Input, Output, StdinQueue, WasiCtx, host_funcs};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, mpsc};
use stepwell_debuginfo::{DebugInfo, ModuleOffset};

/// Weight of the output that may wait for the front end before the guest is held back.
const MOST_OUTSTANDING_OUTPUT: usize = 1 << 18;

/// What reaches the worker.
pub enum Message {
    /// From the front end.
    Command(Command),
    /// From the thread that reads the debug info.
    DebugInfo(Arc<DebugInfo>),
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Message::Command(command) => command.fmt(f),
            Message::DebugInfo(_) => f.write_str("DebugInfo"),
        }
    }
}

/// What is the same for all runs of a session.
pub struct Worker {
    config: SessionConfig,
    sink: EventSink,
    inbox: mpsc::Receiver<Message>,
    messages: mpsc::Sender<Message>,
    interrupt: Interrupt,
}

/// A guest made ready: linked, not called yet.
pub struct Prepared {
    store: Store,
    stdin: StdinQueue,
    trap: Option<Trap>,
}

/// A module that can be run.
pub struct Loaded {
    pub module: Arc<Module>,
    pub symbols: Symbols,
    pub breakpoints: Breakpoints,
    /// What came while something else was waited for.
    pub deferred: VecDeque<Message>,
    /// Input that came before there was a guest.
    early_input: Vec<u8>,
    input_closed: bool,
    stops: u64,
}

impl Loaded {
    /// The number of the next stop.
    pub fn next_stop(&mut self) -> u64 {
        self.stops += 1;
        self.stops
    }
}

/// A guest's stream to the front end, which brakes a guest that prints for ever.
struct Stream {
    sink: EventSink,
    stream: OutputStream,
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.sink.outstanding_output() > MOST_OUTSTANDING_OUTPUT {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.sink.emit(Event::Output {
            stream: self.stream,
            bytes: bytes.to_vec(),
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Worker {
    /// A worker for a session.
    pub fn new(
        config: SessionConfig,
        sink: EventSink,
        inbox: mpsc::Receiver<Message>,
        messages: mpsc::Sender<Message>,
        interrupt: Interrupt,
    ) -> Worker {
        Worker {
            config,
            sink,
            inbox,
            messages,
            interrupt,
        }
    }

    /// Serves the session until it quits.
    pub fn run(self) {
        match self.load() {
            Ok(loaded) => self.serve(loaded),
            Err(decoded) => self.refuse(decoded),
        }
    }

    fn fail(&self, error: &Error) {
        self.sink.emit(Event::LoadFailed {
            message: error.to_string(),
        });
    }

    /// Decodes, reads debug info on a thread of its own, and links once to see whether the module can run.
    /// The error holds what decoded of a module that cannot run.
    fn load(&self) -> Result<Loaded, Option<Box<Loaded>>> {
        let module = match decode(self.config.module.clone()) {
            Ok(module) => module,
            Err(error) => {
                self.fail(&error);
                return Err(None);
            }
        };
        let symbols = Symbols::new(module.clone());
        let compiled = !self.config.interpreter && compile::supported().is_ok();
        self.sink.emit(Event::Loaded(Box::new(module_info(
            &module,
            &self.config.name,
            (symbols.names(), symbols.global_names()),
            compiled,
        ))));
        let (bytes, path, messages, interrupt, sink) = (
            module.bytes.clone(),
            self.config.path.clone(),
            self.messages.clone(),
            self.interrupt.clone(),
            self.sink.clone(),
        );
        let reading = std::thread::Builder::new()
            .name("stepwell-debuginfo".to_string())
            .spawn(move || {
                let debug = debug_info(bytes, path.as_deref(), &sink);
                if messages.send(Message::DebugInfo(Arc::new(debug))).is_ok() {
                    interrupt.raise();
                }
            });
        if reading.is_err() {
            let debug = Arc::new(debug_info(
                module.bytes.clone(),
                self.config.path.as_deref(),
                &self.sink,
            ));
            // The inbox is ours and open.
            let _ = self.messages.send(Message::DebugInfo(debug));
        }
        let loaded = Loaded {
            module,
            symbols,
            breakpoints: Breakpoints::default(),
            deferred: VecDeque::new(),
            early_input: Vec::new(),
            input_closed: false,
            stops: 0,
        };
        let checked = self
            .prepare(&loaded.module)
            .and_then(|prepared| self.calls(&loaded.module, &prepared.store).map(|_| ()));
        if let Err(error) = checked {
            self.fail(&error);
            return Err(Some(Box::new(loaded)));
        }
        Ok(loaded)
    }

    /// Nothing can be run; everything but `Quit` is refused.
    fn refuse(&self, mut decoded: Option<Box<Loaded>>) {
        while let Ok(message) = self.inbox.recv() {
            match message {
                Message::Command(Command::Quit) => return,
                Message::Command(Command::Query { id, query }) => {
                    let answer = decoded.as_ref().and_then(|loaded| static_answer(loaded, &query));
                    let refused = || Err(QueryError::Invalid("the module cannot be run".to_string()));
                    self.sink.emit(Event::Reply {
                        id,
                        result: answer.unwrap_or_else(refused),
                    });
                }
                Message::Command(_) => self.sink.emit(Event::Problem {
                    message: "the module cannot be run".to_string(),
                }),
                Message::DebugInfo(debug) => {
                    if let Some(loaded) = &mut decoded {
                        self.debug_info_came(loaded, debug);
                    }
                }
            }
        }
    }

    /// A fresh guest.
    fn prepare(&self, module: &Arc<Module>) -> Result<Prepared, Error> {
        let mut store = if self.config.interpreter {
            Store::new(Backend::Interpreter)?
        } else {
            Store::new(Backend::Compiled).or_else(|_| Store::new(Backend::Interpreter))?
        };
        store.set_interrupt(self.interrupt.clone());
        let stdin = StdinQueue::new();
        let program = (Path::new(&self.config.name).file_name()).map_or_else(
            || self.config.name.clone(),
            |name| name.to_string_lossy().into_owned(),
        );
        let stream = |stream| {
            Output::writer(Stream {
                sink: self.sink.clone(),
                stream,
            })
        };
        let waiting = self.sink.clone();
        let mut ctx = WasiCtx::builder()
            .arg(program)
            .stdin(Input::queue(stdin.clone()))
            .stdout(stream(OutputStream::Stdout))
            .stderr(stream(OutputStream::Stderr))
            .interrupt(self.interrupt.clone())
            .on_input_wait(move || waiting.emit(Event::WaitingForInput));
        if self.config.invoke.is_none() {
            ctx = ctx.args(self.config.args.iter().map(|arg| arg.as_bytes()));
        }
        for (name, value) in &self.config.env {
            ctx = ctx.env(name.as_bytes(), value.as_bytes());
        }
        for (host, guest) in &self.config.dirs {
            ctx = ctx.preopened_dir(host, guest.as_bytes());
        }
        let ctx = ctx.build().map_err(|error| Error::Usage(error.to_string()))?;
        for func in host_funcs(ctx) {
            store.define_host(func);
        }
        let trap = store.instantiate(module.clone())?.err();
        Ok(Prepared { store, stdin, trap })
    }

    /// The export that a run is for.
    fn entry_name(&self) -> &str {
        self.config.invoke.as_deref().unwrap_or(COMMAND_ENTRY)
    }

    /// The functions to call, in order, with their arguments.
    fn calls(&self, module: &Module, store: &Store) -> Result<Vec<(u32, Vec<Val>)>, Error> {
        let name = self.entry_name();
        let funcs = order::calls(module, name)?;
        let mut args = Vec::new();
        if self.config.invoke.is_some() {
            let params = &module.func_type(order::exported_func(module, name)?).params;
            if params.len() != self.config.args.len() {
                return Err(Error::Usage(format!(
                    "{name:?} takes {} argument(s), {} given",
                    params.len(),
                    self.config.args.len()
                )));
            }
            args = (params.iter().zip(&self.config.args))
                .map(|(&ty, text)| val_from_text(ty, text))
                .collect::<Result<_, _>>()?;
        }
        let mut calls: Vec<_> = (funcs.into_iter())
            .filter_map(|func| match store.func(0, func)? {
                Extern::Func(func) => Some((func, Vec::new())),
                _ => None,
            })
            .collect();
        if let Some((_, last)) = calls.last_mut() {
            *last = args;
        }
        Ok(calls)
    }

    /// Takes the debug info in and tells the front end.
    pub fn debug_info_came(&self, loaded: &mut Loaded, debug: Arc<DebugInfo>) {
        loaded.symbols.complete(debug);
        if let Some(summary) = loaded
            .symbols
            .summary(order::exported_func(&loaded.module, self.entry_name()).ok())
        {
            self.sink.emit(Event::DebugInfo(Box::new(summary)));
        }
        for state in loaded.breakpoints.rebind(&loaded.symbols) {
            self.sink.emit(Event::BreakpointChanged(state));
        }
    }

    /// Waits until the debug info is there, for a run that is to begin then; `Err` if that is called off. What needs
    /// no guest is done meanwhile.
    fn wait_for_debug_info(&self, loaded: &mut Loaded, mut stop_on_entry: bool) -> Result<bool, After> {
        while loaded.symbols.debug().is_none() {
            match self.inbox.recv() {
                Ok(Message::DebugInfo(debug)) => self.debug_info_came(loaded, debug),
                Ok(Message::Command(command)) => match command {
                    Command::Restart { stop_on_entry: again } => stop_on_entry = again,
                    Command::Stop => {
                        self.sink.emit(Event::Ended(Outcome::Stopped));
                        return Err(After::Idle);
                    }
                    Command::Quit => return Err(After::Quit),
                    Command::Start => self.problem("the guest has started already"),
                    Command::Pause => loaded.deferred.push_back(Message::Command(command)),
                    other => self.serve_idle(loaded, other),
                },
                Err(_) => return Err(After::Quit),
            }
        }
        Ok(stop_on_entry)
    }

    /// The next message, waiting for it.
    pub fn next(&self, loaded: &mut Loaded) -> Message {
        (loaded.deferred.pop_front())
            .or_else(|| self.inbox.recv().ok())
            .unwrap_or(Message::Command(Command::Quit))
    }

    /// The next message if there is one.
    pub fn try_next(&self, loaded: &mut Loaded) -> Option<Message> {
        loaded.deferred.pop_front().or_else(|| self.inbox.try_recv().ok())
    }

    /// Whether the front end has so much output to take that the guest is to wait.
    pub fn is_flooded(&self) -> bool {
        self.sink.outstanding_output() > MOST_OUTSTANDING_OUTPUT
    }

    /// Tells the front end something.
    pub fn emit(&self, event: Event) {
        self.sink.emit(event);
    }

    /// Serves a session whose module can be run.
    fn serve(&self, mut loaded: Loaded) {
        let mut started = false;
        loop {
            let mut start = match self.next(&mut loaded) {
                Message::DebugInfo(debug) => {
                    self.debug_info_came(&mut loaded, debug);
                    continue;
                }
                Message::Command(Command::Quit) => return,
                Message::Command(Command::Start) if started => {
                    self.problem("the guest has run already: restart it");
                    continue;
                }
                Message::Command(Command::Start) => Some(self.config.stop_on_entry),
                Message::Command(Command::Restart { stop_on_entry }) => Some(stop_on_entry),
                Message::Command(command) => {
                    self.serve_idle(&mut loaded, command);
                    continue;
                }
            };
            started = true;
            while let Some(stop_on_entry) = start.take() {
                let after = match self.wait_for_debug_info(&mut loaded, stop_on_entry) {
                    Ok(stop_on_entry) => self.run_guest(&mut loaded, stop_on_entry),
                    Err(after) => after,
                };
                match after {
                    After::Idle => {}
                    After::Restart { stop_on_entry } => start = Some(stop_on_entry),
                    After::Quit => return,
                }
            }
        }
    }

    fn problem(&self, message: &str) {
        self.sink.emit(Event::Problem {
            message: message.to_string(),
        });
    }

    /// A command that needs no stopped guest, or that is refused for want of one.
    pub fn serve_idle(&self, loaded: &mut Loaded, command: Command) {
        match command {
            Command::SetBreakpoint {
                id,
                spec,
                enabled,
                rule,
            } => {
                let state = (loaded.breakpoints).set(id, spec, enabled, rule, &loaded.symbols);
                self.sink.emit(Event::BreakpointChanged(state));
            }
            Command::RemoveBreakpoint { id } => {
                if !loaded.breakpoints.remove(id) {
                    self.problem(&format!("there is no breakpoint {}", id.0));
                }
            }
            Command::Query { id, query } => {
                let result = static_answer(loaded, &query).unwrap_or(Err(QueryError::Running));
                self.sink.emit(Event::Reply { id, result });
            }
            Command::Pause => {}
            Command::Continue | Command::Step { .. } | Command::RunTo { .. } => {
                self.problem("there is no stopped guest: start it first");
            }
            Command::Stop => self.problem("there is no guest to stop"),
            Command::Stdin(bytes) => loaded.early_input.extend(bytes),
            Command::CloseStdin => loaded.input_closed = true,
            // Whoever serves commands has done these.
            Command::Start | Command::Restart { .. } | Command::Quit => {}
        }
    }

    /// One run, from a fresh store to its end.
    fn run_guest(&self, loaded: &mut Loaded, stop_on_entry: bool) -> After {
        let module = loaded.module.clone();
        let ready = self.prepare(&module).and_then(|prepared| {
            let calls = self.calls(&module, &prepared.store)?;
            Ok((prepared, calls))
        });
        let (mut prepared, calls) = match ready {
            Ok(ready) => ready,
            Err(error) => {
                self.problem(&error.to_string());
                return After::Idle;
            }
        };
        prepared.stdin.push(&std::mem::take(&mut loaded.early_input));
        if std::mem::take(&mut loaded.input_closed) {
            prepared.stdin.close();
        }
        self.sink.emit(Event::Running);
        if let Some(trap) = &prepared.trap {
            // A segment did not fit: no function has run, so there is no frame to show.
            self.sink.emit(Event::Ended(Outcome::Trapped {
                message: trap.kind.to_string(),
            }));
            return After::Idle;
        }
        // What came behind the command that ended the run before has nobody to raise the flag for it any more.
        self.interrupt.raise();
        let mut guest = Guest::new(self, loaded, prepared.stdin.clone(), stop_on_entry);
        let outcome = guest.run(&mut prepared.store, &calls, self.config.invoke.is_some());
        let after = guest.after();
        drop(prepared);
        match (outcome, &after) {
            (_, After::Quit) => {}
            (Ok(outcome), _) => self.sink.emit(Event::Ended(outcome)),
            (Err(error), _) => {
                self.problem(&error.to_string());
                self.sink.emit(Event::Ended(Outcome::Stopped));
            }
        }
        after
    }
}

/// Reads debug info; should that fail by a mistake of ours, says so, and the module is one without.
fn debug_info(bytes: Arc<[u8]>, path: Option<&Path>, sink: &EventSink) -> DebugInfo {
    std::panic::catch_unwind(|| debug_loader::load(bytes, path)).unwrap_or_else(|panic| {
        let words = words_of(&*panic);
        sink.emit(Event::Problem {
            message: format!("the debug info cannot be read, by a mistake of Stepwell's: {words}"),
        });
        DebugInfo::parse(Arc::from(*b"\0asm\x01\0\0\0"))
    })
}

/// How a call's end is told.
pub fn outcome_of(outcome: CallOutcome, invoked: bool) -> Outcome {
    match outcome {
        CallOutcome::Returned(values) if invoked => Outcome::Returned {
            values: values.iter().map(Val::to_string).collect(),
        },
        CallOutcome::Returned(_) => Outcome::Exited { code: 0 },
        CallOutcome::Exited(code) => Outcome::Exited { code },
        CallOutcome::Trapped(trap) => Outcome::Trapped {
            message: trap.message.unwrap_or_else(|| trap.kind.to_string()),
        },
        CallOutcome::Abandoned => Outcome::Stopped,
    }
}

/// The answer to a question that needs no stop; `None` if it needs one.
pub fn static_answer(loaded: &Loaded, query: &Query) -> Option<Result<Reply, QueryError>> {
    let symbols = &loaded.symbols;
    Some(match query {
        Query::WasmText { func } => {
            let lines = text::function_text(&loaded.module, *func, &|func| symbols.name(func));
            if lines.is_empty() {
                return Some(Err(QueryError::Invalid(format!("there is no function {func}"))));
            }
            Ok(Reply::WasmText(FunctionText {
                func: *func,
                name: symbols.name(*func),
                rows: (lines.into_iter())
                    .map(|line| TextRow {
                        offset: line.offset.map(ModuleOffset),
                        indent: line.indent,
                        text: line.text,
                    })
                    .collect(),
            }))
        }
        Query::LinesWithCode { file } => match symbols.debug() {
            Some(debug) => Ok(Reply::Lines(debug.lines_with_code(*file))),
            None => Err(QueryError::Invalid(
                "the debug information is still being read".to_string(),
            )),
        },
        Query::EmbeddedSource { file } => {
            match symbols.debug().and_then(|debug| debug.embedded_source(*file)) {
                Some(text) => Ok(Reply::Source(text)),
                None => Err(QueryError::Invalid(
                    "the debug info does not hold the text of this file".to_string(),
                )),
            }
        }
        Query::Native { func } => {
            let module = &loaded.module;
            if module.body(*func).is_none() {
                return Some(Err(QueryError::Invalid(format!(
                    "function {func} has no code of its own"
                ))));
            }
            match compile::compile(module, &module.vm_layout(), *func, &Stops::None) {
                Ok(compiled) => Ok(Reply::Native(FunctionText {
                    func: *func,
                    name: symbols.name(*func),
                    rows: (compile::native_rows(&compiled).into_iter())
                        .map(|row| TextRow {
                            offset: row.offset.map(ModuleOffset),
                            indent: 0,
                            text: row.text,
                        })
                        .collect(),
                })),
                Err(error) => Err(QueryError::Invalid(error.to_string())),
            }
        }
        _ => return None,
    })
}
