//! The server: one loop over requests from the editor and events from the session.
//!
//! # Invariants
//! - Each request gets exactly one response; an error is `success: false` with the reason.
//! - The guest starts at `configurationDone`, so that breakpoints are bound before its first instruction.
//! - What was handed out about a stop (frames, variable references) dies when the guest goes on.
//! - A command that makes the guest run is sent after the response to its request.
//!
//! Must not know: how values and breakpoints look to an editor (its modules do).

use super::convert::{Sources, TextStream};
use super::protocol::{self, Outbox, Request};
use super::variables::Handle;
use crate::launch;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::io::{BufReader, Stdout};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use stepwell_engine::debugger::{
    BreakpointId, BreakpointState, Command, DebugSummary, Event, FrameDetail, ModuleInfo, Outcome,
    OutputStream, Query, QueryId, Reply, Session, SessionConfig, Snapshot, StepKind, StepUnit, StopReason,
};

/// The one thread that is shown.
pub(super) const THREAD: u64 = 1;
/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long events are taken in before requests get their turn.
const DRAIN: Duration = Duration::from_millis(50);
/// How long loading may take.
const LOAD_TIMEOUT: Duration = Duration::from_secs(300);
/// Exit code told for a run that ended by a trap.
const EXIT_TRAP: u32 = 134;

/// What wakes the loop.
enum Input {
    /// A message of the editor, or why there is none.
    Message(Result<Option<Value>>),
    /// The session has events.
    Wakeup,
}

/// What is done after the response to a request.
enum Afterwards {
    /// An event without a body.
    Event(&'static str),
    /// A command to the session.
    Command(Command),
    /// The loop ends.
    Leave,
}

/// A debug adapter with at most one session.
pub(super) struct Server {
    outbox: Outbox<Stdout>,
    wakeups: mpsc::Sender<Input>,
    /// A wakeup is under way.
    awake: Arc<AtomicBool>,
    pub(super) session: Option<Session>,
    name: String,
    stop_on_entry: bool,
    started: bool,
    /// The old run of a restart is still to end.
    restarting: bool,
    waits_for_input: bool,
    afterwards: Vec<Afterwards>,
    next_query: u64,
    pub(super) sources: Sources,
    pub(super) module: Option<Box<ModuleInfo>>,
    pub(super) next_breakpoint: u32,
    /// Breakpoints by what set them: a source path, or one of the other requests.
    pub(super) breakpoints_of: HashMap<String, Vec<BreakpointId>>,
    pub(super) breakpoints: BTreeMap<BreakpointId, BreakpointState>,
    pub(super) snapshot: Option<Box<Snapshot>>,
    pub(super) handles: Vec<Handle>,
    pub(super) details: HashMap<u32, FrameDetail>,
    text: [TextStream; 2],
}

/// Serves standard input and output until the editor goes away.
pub fn serve() -> Result<()> {
    let (wakeups, inputs) = mpsc::channel();
    let messages = wakeups.clone();
    std::thread::spawn(move || {
        let mut input = BufReader::new(std::io::stdin());
        loop {
            let message = protocol::read(&mut input);
            let last = !matches!(message, Ok(Some(_)));
            if messages.send(Input::Message(message)).is_err() || last {
                return;
            }
        }
    });
    let mut server = Server {
        outbox: Outbox::new(std::io::stdout()),
        wakeups,
        awake: Arc::default(),
        session: None,
        name: String::new(),
        stop_on_entry: false,
        started: false,
        restarting: false,
        waits_for_input: false,
        afterwards: Vec::new(),
        next_query: 0,
        sources: Sources::default(),
        module: None,
        next_breakpoint: 1,
        breakpoints_of: HashMap::new(),
        breakpoints: BTreeMap::new(),
        snapshot: None,
        handles: Vec::new(),
        details: HashMap::new(),
        text: Default::default(),
    };
    // The server holds a sender, so this ends by what comes in.
    while let Ok(input) = inputs.recv() {
        match input {
            Input::Message(Ok(Some(message))) => {
                if let Some(request) = Request::from_message(message)
                    && !server.answer(&request)?
                {
                    return Ok(());
                }
            }
            Input::Message(Ok(None)) => return Ok(()),
            Input::Message(Err(error)) => return Err(error),
            Input::Wakeup => server.drain()?,
        }
    }
    Ok(())
}

impl Server {
    /// Answers a request; `false` if it was the last.
    fn answer(&mut self, request: &Request) -> Result<bool> {
        // Events first: an answer is about the latest state.
        self.drain()?;
        let result = self.request(&request.command, &request.arguments);
        self.outbox.response(request, result)?;
        let mut stays = true;
        for afterwards in std::mem::take(&mut self.afterwards) {
            match afterwards {
                Afterwards::Event(event) => self.outbox.event(event, json!({}))?,
                Afterwards::Command(command) => self.send(command),
                Afterwards::Leave => stays = false,
            }
        }
        Ok(stays)
    }

    fn request(&mut self, command: &str, arguments: &Value) -> Result<Value> {
        match command {
            "initialize" => Ok(capabilities()),
            "launch" => self.launch(arguments),
            "configurationDone" => self.start(),
            "setBreakpoints" => self.set_breakpoints(arguments),
            "setFunctionBreakpoints" => self.set_function_breakpoints(arguments),
            "setInstructionBreakpoints" => self.set_instruction_breakpoints(arguments),
            "setExceptionBreakpoints" => Ok(json!({ "breakpoints": [] })),
            "threads" => Ok(json!({ "threads": [{ "id": THREAD, "name": self.name }] })),
            "stackTrace" => self.stack_trace(arguments),
            "scopes" => self.scopes(arguments),
            "variables" => self.variables(arguments),
            "setVariable" => self.set_variable(arguments),
            "evaluate" => self.evaluate(arguments),
            "readMemory" => self.read_memory(arguments),
            "writeMemory" => self.write_memory(arguments),
            "source" => self.source(arguments),
            "disassemble" => self.disassemble(arguments),
            "exceptionInfo" => self.exception_info(),
            "continue" => {
                self.resume(Command::Continue)?;
                Ok(json!({ "allThreadsContinued": true }))
            }
            "next" => self.step(StepKind::Over, arguments),
            "stepIn" => self.step(StepKind::In, arguments),
            "stepOut" => self.step(StepKind::Out, arguments),
            "pause" => {
                if self.snapshot.is_some() || !self.started {
                    bail!("the guest is not running");
                }
                self.afterwards.push(Afterwards::Command(Command::Pause));
                Ok(Value::Null)
            }
            "restart" => {
                self.restarting = self.started;
                self.started = true;
                self.leave_stop();
                self.afterwards.push(Afterwards::Command(Command::Restart {
                    stop_on_entry: self.stop_on_entry,
                }));
                Ok(Value::Null)
            }
            "terminate" => {
                let after = if self.started {
                    Afterwards::Command(Command::Stop)
                } else {
                    Afterwards::Event("terminated")
                };
                self.afterwards.push(after);
                Ok(Value::Null)
            }
            "disconnect" => {
                self.send(Command::Quit);
                self.afterwards.push(Afterwards::Leave);
                Ok(Value::Null)
            }
            _ => bail!("the request {command:?} is not supported"),
        }
    }

    /// Loads the module; `initialized` follows, for breakpoints can be bound from then on.
    fn launch(&mut self, arguments: &Value) -> Result<Value> {
        if self.session.is_some() {
            bail!("a program has been launched already");
        }
        let config = session_config(arguments)?;
        self.name = config.name.clone();
        self.stop_on_entry = config.stop_on_entry;
        self.sources.module_dir = (config.path.as_deref())
            .and_then(|path| path.canonicalize().ok())
            .and_then(|path| path.parent().map(Path::to_path_buf));
        self.sources.map = pairs(arguments, "sourceMap")?;
        let wakeups = self.wakeups.clone();
        let awake = self.awake.clone();
        let session = Session::spawn(config, move || {
            // One wakeup at a time: requests do not queue behind the output of a talkative guest. A server that has
            // left needs no waking.
            if !awake.swap(true, Ordering::AcqRel) {
                let _ = wakeups.send(Input::Wakeup);
            }
        });
        self.session = Some(session);
        match self.load() {
            Ok(()) => {
                self.afterwards.push(Afterwards::Event("initialized"));
                Ok(Value::Null)
            }
            Err(error) => {
                self.session = None;
                Err(error.context(self.name.clone()))
            }
        }
    }

    fn load(&mut self) -> Result<()> {
        let deadline = Instant::now() + LOAD_TIMEOUT;
        loop {
            match self.next_event(deadline)? {
                Event::Loaded(module) => self.module = Some(module),
                Event::LoadFailed { message } => bail!("{message}"),
                Event::DebugInfo(summary) => {
                    let DebugSummary {
                        files,
                        function_names,
                        ..
                    } = *summary;
                    self.sources.files = files;
                    let functions = self.module.iter_mut().flat_map(|module| &mut module.functions);
                    for (function, name) in functions.zip(function_names) {
                        function.name = name;
                    }
                    return Ok(());
                }
                other => self.on_event(other)?,
            }
        }
    }

    fn start(&mut self) -> Result<Value> {
        if self.session.is_none() {
            bail!("nothing has been launched");
        }
        if !std::mem::replace(&mut self.started, true) {
            self.afterwards.push(Afterwards::Command(Command::Start));
        }
        Ok(Value::Null)
    }

    fn step(&mut self, kind: StepKind, arguments: &Value) -> Result<Value> {
        let unit = match arguments.get("granularity").and_then(Value::as_str) {
            Some("instruction") => StepUnit::Instruction,
            _ => StepUnit::Line,
        };
        if matches!(self.stopped()?.reason, StopReason::Trap(_)) {
            bail!("the guest has trapped and cannot go on: restart it");
        }
        self.resume(Command::Step { kind, unit, frame: 0 })?;
        Ok(Value::Null)
    }

    /// Lets the stopped guest go on, after the response.
    fn resume(&mut self, command: Command) -> Result<()> {
        self.stopped()?;
        self.leave_stop();
        self.afterwards.push(Afterwards::Command(command));
        Ok(())
    }

    /// Forgets all about the present stop.
    fn leave_stop(&mut self) {
        self.snapshot = None;
        self.handles.clear();
        self.details.clear();
    }

    /// The present stop.
    pub(super) fn stopped(&self) -> Result<&Snapshot> {
        match &self.snapshot {
            Some(snapshot) => Ok(snapshot),
            None => bail!("the guest is not stopped"),
        }
    }

    /// Sends a command.
    pub(super) fn send(&self, command: Command) {
        if let Some(session) = &self.session {
            session.send(command);
        }
    }

    /// The next event, whenever it comes before the deadline.
    pub(super) fn next_event(&mut self, deadline: Instant) -> Result<Event> {
        let session = self.session.as_ref().context("nothing has been launched")?;
        session
            .wait_event(deadline.saturating_duration_since(Instant::now()))
            .context("the session does not answer")
    }

    /// Asks a question and waits for the answer.
    pub(super) fn ask(&mut self, query: Query) -> Result<Reply> {
        let wanted = QueryId(self.next_query);
        self.next_query += 1;
        self.send(Command::Query { id: wanted, query });
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        loop {
            match self.next_event(deadline)? {
                Event::Reply { id, result } if id == wanted => return Ok(result?),
                other => self.on_event(other)?,
            }
        }
    }

    /// A line of input for a guest that waits for one; `false` if it does not.
    pub(super) fn feed_input(&mut self, text: &str) -> bool {
        let waits = std::mem::take(&mut self.waits_for_input);
        if waits {
            self.send(Command::Stdin(format!("{text}\n").into_bytes()));
        }
        waits
    }

    /// Takes in the events there are; after [`DRAIN`] the rest has to wait for its turn.
    fn drain(&mut self) -> Result<()> {
        self.awake.store(false, Ordering::Release);
        let start = Instant::now();
        while let Some(event) = self.session.as_ref().and_then(Session::try_event) {
            self.on_event(event)?;
            if start.elapsed() > DRAIN {
                if !self.awake.swap(true, Ordering::AcqRel) {
                    self.wakeups.send(Input::Wakeup)?;
                }
                break;
            }
        }
        Ok(())
    }

    /// Tells the editor what happened.
    pub(super) fn on_event(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Loaded(_) | Event::DebugInfo(_) | Event::Reply { .. } => Ok(()),
            Event::LoadFailed { message } | Event::Problem { message } => {
                self.output("console", &format!("{message}\n"))
            }
            Event::BreakpointChanged(state) => self.breakpoint_changed(state),
            Event::Running => {
                let was_stopped = self.snapshot.is_some();
                self.restarting = false;
                self.leave_stop();
                if was_stopped {
                    let body = json!({ "threadId": THREAD, "allThreadsContinued": true });
                    self.outbox.event("continued", body)?;
                }
                Ok(())
            }
            Event::Stopped(snapshot) => self.on_stop(snapshot),
            Event::Output { stream, bytes } => {
                let (index, category) = match stream {
                    OutputStream::Stdout => (0, "stdout"),
                    OutputStream::Stderr => (1, "stderr"),
                };
                let text = self.text.get_mut(index).map(|text| text.push(&bytes));
                self.output(category, &text.unwrap_or_default())
            }
            Event::Log { text, .. } => self.output("console", &format!("{text}\n")),
            Event::WaitingForInput => {
                self.waits_for_input = true;
                self.output("console", "The guest waits for input: type a line here.\n")
            }
            Event::Ended(outcome) => self.on_end(&outcome),
        }
    }

    fn on_stop(&mut self, snapshot: Box<Snapshot>) -> Result<()> {
        self.leave_stop();
        self.restarting = false;
        self.waits_for_input = false;
        let mut body = json!({ "threadId": THREAD, "allThreadsStopped": true });
        body["reason"] = match &snapshot.reason {
            StopReason::Entry => json!("entry"),
            StopReason::Breakpoint(ids) => {
                body["hitBreakpointIds"] = ids.iter().map(|id| id.0).collect();
                json!("breakpoint")
            }
            StopReason::Condition { id, message } => {
                body["hitBreakpointIds"] = json!([id.0]);
                body["description"] = json!("The breakpoint's condition has no answer");
                body["text"] = json!(message);
                json!("breakpoint")
            }
            StopReason::Step => json!("step"),
            StopReason::RunTo => json!("goto"),
            StopReason::Pause => json!("pause"),
            StopReason::Trap(trap) => {
                body["description"] = json!("Trap");
                body["text"] = json!(trap.message);
                json!("exception")
            }
        };
        self.snapshot = Some(snapshot);
        self.outbox.event("stopped", body)
    }

    fn on_end(&mut self, outcome: &Outcome) -> Result<()> {
        self.leave_stop();
        self.waits_for_input = false;
        for (index, category) in ["stdout", "stderr"].into_iter().enumerate() {
            let rest = self.text.get_mut(index).map(TextStream::finish);
            self.output(category, &rest.unwrap_or_default())?;
        }
        if std::mem::take(&mut self.restarting) {
            return Ok(());
        }
        self.started = false;
        let code = match outcome {
            Outcome::Exited { code } => Some(*code),
            Outcome::Returned { values } => {
                let lines: String = values.iter().map(|value| format!("{value}\n")).collect();
                self.output("console", &lines)?;
                Some(0)
            }
            Outcome::Trapped { message } => {
                self.output("stderr", &format!("error: {message}\n"))?;
                Some(EXIT_TRAP)
            }
            Outcome::Stopped => None,
        };
        if let Some(code) = code {
            self.outbox.event("exited", json!({ "exitCode": code }))?;
        }
        self.outbox.event("terminated", json!({}))
    }

    /// Shows text in the editor's console.
    fn output(&mut self, category: &str, text: &str) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let body = json!({ "category": category, "output": text });
        self.outbox.event("output", body)
    }

    /// Sends an event with a body.
    pub(super) fn event(&mut self, event: &str, body: Value) -> Result<()> {
        self.outbox.event(event, body)
    }
}

/// What this adapter can do.
fn capabilities() -> Value {
    json!({
        "supportsConfigurationDoneRequest": true,
        "supportsConditionalBreakpoints": true,
        "supportsHitConditionalBreakpoints": true,
        "supportsLogPoints": true,
        "supportsFunctionBreakpoints": true,
        "supportsInstructionBreakpoints": true,
        "supportsSteppingGranularity": true,
        "supportsEvaluateForHovers": true,
        "supportsSetVariable": true,
        "supportsReadMemoryRequest": true,
        "supportsWriteMemoryRequest": true,
        "supportsDisassembleRequest": true,
        "supportsExceptionInfoRequest": true,
        "supportsRestartRequest": true,
        "supportsTerminateRequest": true,
        "supportsDelayedStackTraceLoading": true,
        "supportedChecksumAlgorithms": ["MD5"],
        "exceptionBreakpointFilters": [],
    })
}

/// A session's configuration from the arguments of `launch`.
fn session_config(arguments: &Value) -> Result<SessionConfig> {
    let strings = |name: &str| -> Result<Vec<String>> {
        let Some(value) = arguments.get(name).filter(|value| !value.is_null()) else {
            return Ok(Vec::new());
        };
        let list = value
            .as_array()
            .with_context(|| format!("{name}: a list is expected"))?;
        let texts = list.iter().map(|item| item.as_str().map(str::to_string));
        texts
            .collect::<Option<_>>()
            .with_context(|| format!("{name}: only text is expected"))
    };
    let flag = |name: &str| arguments.get(name).and_then(Value::as_bool).unwrap_or(false);
    let program = arguments.get("program").and_then(Value::as_str);
    let program = PathBuf::from(program.context("program: the module's path is missing")?);
    let mut grants = launch::Grants {
        invoke: arguments
            .get("invoke")
            .and_then(Value::as_str)
            .map(str::to_string),
        interpreter: flag("interpreter"),
        ..launch::Grants::default()
    };
    for dir in strings("dirs")? {
        let dir = launch::parse_dir(&dir).map_err(|error| anyhow::anyhow!("dirs: {dir:?}: {error}"))?;
        grants.dirs.push(dir);
    }
    grants.env = pairs(arguments, "env")?;
    let mut config = launch::config(&program, &grants, strings("args")?)?;
    config.stop_on_entry = flag("stopOnEntry");
    Ok(config)
}

/// The names and values of an argument of `launch` that is an object of texts.
fn pairs(arguments: &Value, name: &str) -> Result<Vec<(String, String)>> {
    let Some(value) = arguments.get(name).filter(|value| !value.is_null()) else {
        return Ok(Vec::new());
    };
    let object = value
        .as_object()
        .with_context(|| format!("{name}: an object is expected"))?;
    (object.iter())
        .map(|(key, value)| {
            let text = value
                .as_str()
                .with_context(|| format!("{name}: {key}: only text is expected"))?;
            Ok((key.clone(), text.to_string()))
        })
        .collect()
}
