//! One run of the guest: what happens when it looks in, and what the front end may do while it stands still.
//!
//! # Invariants
//! - A stop is told once, with a fresh [`StopId`]; questions about any other are stale.
//! - The instructions that look in are those of breakpoints, of `RunTo` and of the step in progress; they are
//!   set anew before the guest goes on.
//!
//! Must not know: how a guest is made, how it is made to look in.

use super::breakpoints::add_locations;
use super::command::{Command, StepKind, StepUnit};
use super::event::{BreakpointLocation, Event, Outcome};
use super::fault;
use super::inspect::Inspector;
use super::memory_before::MemoryBefore;
use super::query::QueryError;
use super::rules::{Hits, Reached};
use super::snapshot::{Snapshot, StopId, StopReason};
use super::step::StepPlan;
use super::worker::{Loaded, Message, Worker, outcome_of, static_answer};
use crate::compile::Stops;
use crate::error::Error;
use crate::runtime::paused::{Paused, Resume, StopCause, StopHandler, TickAction};
use crate::runtime::store::{CallOutcome, Store};
use crate::types::Val;
use crate::wasi::StdinQueue;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;
use stepwell_debuginfo::ModuleOffset;

/// Callers of the stepping frame that are watched for its return.
const MOST_WATCHED_CALLERS: u32 = 64;

/// How long a guest waits at a time for its log to be taken.
const LISTENER_PAUSE: Duration = Duration::from_millis(1);

/// What the session does when the run is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Waits for commands.
    Idle,
    /// Runs again.
    Restart {
        /// Whether to stop on entry.
        stop_on_entry: bool,
    },
    /// Ends.
    Quit,
}

/// What the guest runs for.
#[derive(Debug)]
enum Plan {
    /// Until something stops it.
    Free,
    /// To its first instruction.
    Entry,
    /// A step.
    Step(StepPlan),
    /// To a place.
    RunTo(Vec<BreakpointLocation>),
}

/// A run.
pub struct Guest<'a> {
    worker: &'a Worker,
    loaded: &'a mut Loaded,
    stdin: StdinQueue,
    plan: Plan,
    /// Stops set in the store, by function.
    set: BTreeMap<u32, Stops>,
    after: After,
    memory_before: MemoryBefore,
    hits: Hits,
}

impl<'a> Guest<'a> {
    /// A run that has not begun.
    pub fn new(
        worker: &'a Worker,
        loaded: &'a mut Loaded,
        stdin: StdinQueue,
        stop_on_entry: bool,
    ) -> Guest<'a> {
        Guest {
            worker,
            loaded,
            stdin,
            plan: if stop_on_entry { Plan::Entry } else { Plan::Free },
            set: BTreeMap::new(),
            after: After::Idle,
            memory_before: MemoryBefore::default(),
            hits: Hits::default(),
        }
    }

    /// What to do now that it is over.
    pub fn after(&self) -> After {
        self.after
    }

    /// Calls the functions in order; how it ended.
    pub fn run(
        &mut self,
        store: &mut Store,
        calls: &[(u32, Vec<Val>)],
        invoked: bool,
    ) -> Result<Outcome, Error> {
        self.set = self.wanted(&BTreeSet::new());
        for (&func, stops) in &self.set {
            if let Err(error) = store.set_stops(0, func, stops.clone()) {
                self.cannot_stop(func, &error);
            }
        }
        store.set_flood(matches!(self.plan, Plan::Entry))?;
        let mut last = CallOutcome::Returned(Vec::new());
        for (func, args) in calls {
            last = store.call(*func, args, self)?;
            if !matches!(last, CallOutcome::Returned(_)) {
                break;
            }
        }
        Ok(outcome_of(last, invoked))
    }

    /// The stops wanted now: breakpoints, the place to run to, and all of the functions a step watches.
    fn wanted(&self, watched: &BTreeSet<u32>) -> BTreeMap<u32, Stops> {
        let mut at = BTreeMap::new();
        self.loaded.breakpoints.collect(&mut at);
        if let Plan::RunTo(locations) = &self.plan {
            add_locations(locations, &mut at);
        }
        let mut wanted: BTreeMap<u32, Stops> = (at.into_iter())
            .map(|(func, stops)| (func, Stops::At(stops)))
            .collect();
        wanted.extend(watched.iter().map(|&func| (func, Stops::All)));
        wanted
    }

    /// Tells of a function that cannot look in; the guest runs through it.
    fn cannot_stop(&self, func: u32, error: &Error) {
        let name = self.loaded.symbols.name(func);
        self.problem(&format!("{name} cannot be stopped in: {error}"));
    }

    /// Makes the store look in where it is wanted; for a step, from a frame outwards.
    fn apply(&mut self, paused: &mut Paused<'_>, from: u32) {
        let mut watched = BTreeSet::new();
        if let Plan::Step(step) = &self.plan
            && !step.enters_calls()
        {
            let frames = from..from.saturating_add(MOST_WATCHED_CALLERS);
            let heads = frames.map_while(|frame| paused.head(frame));
            watched.extend(heads.filter(|head| head.instance == 0).map(|head| head.func));
        }
        let wanted = self.wanted(&watched);
        let known: HashSet<u32> = self.set.keys().chain(wanted.keys()).copied().collect();
        for func in known {
            let stops = wanted.get(&func).cloned().unwrap_or(Stops::None);
            if self.set.get(&func).unwrap_or(&Stops::None) != &stops
                && let Err(error) = paused.set_stops(0, func, stops)
            {
                self.cannot_stop(func, &error);
            }
        }
        self.set = wanted;
        let flood = match &self.plan {
            Plan::Entry => true,
            Plan::Step(step) => step.enters_calls(),
            Plan::Free | Plan::RunTo(_) => false,
        };
        paused.set_flood(flood);
    }

    /// How many frames a step is not about: those further in than the one it began in.
    fn frames_further_in(&self, paused: &Paused<'_>) -> u32 {
        let Plan::Step(step) = &self.plan else { return 0 };
        let tokens = (0..u32::MAX).map_while(|frame| paused.token(frame));
        tokens.take_while(|&token| !step.may_end_in(token)).count() as u32
    }

    /// Lets the breakpoints at an instruction do what they are there for; why the guest is to stop, if it is.
    fn reach_breakpoints(&mut self, paused: &Paused<'_>, at: ModuleOffset) -> Option<StopReason> {
        let mut stopping = Vec::new();
        let mut unanswered = None;
        let mut said = false;
        for state in self.loaded.breakpoints.at(at) {
            match self.hits.reach(state, paused, &self.loaded.symbols) {
                Reached::Passes => {}
                Reached::Stops => stopping.push(state.id),
                Reached::Says(text) => {
                    said = true;
                    self.worker.emit(Event::Log { id: state.id, text });
                }
                Reached::Unanswered(message) => {
                    unanswered = unanswered.or(Some(StopReason::Condition {
                        id: state.id,
                        message,
                    }));
                }
            }
        }
        if said {
            self.wait_for_room();
        }
        if stopping.is_empty() {
            return unanswered;
        }
        Some(StopReason::Breakpoint(stopping))
    }

    /// A logpoint that is reached all the time waits for its listener, unless that has something to say itself.
    fn wait_for_room(&mut self) {
        while self.worker.is_flooded() {
            if let Some(message) = self.worker.try_next(self.loaded) {
                self.loaded.deferred.push_front(message);
                return;
            }
            std::thread::sleep(LISTENER_PAUSE);
        }
    }

    /// Why the guest is to stand still at this probe; `None` to go on.
    fn reason(&mut self, paused: &Paused<'_>) -> Option<StopReason> {
        let head = paused.head(0)?;
        if head.instance == 0
            && let Some(reason) = self.reach_breakpoints(paused, head.pc)
        {
            return Some(reason);
        }
        match &mut self.plan {
            Plan::Free => None,
            Plan::Entry => Some(StopReason::Entry),
            Plan::Step(step) => {
                let token = paused.token(0)?;
                step.ends_at(&head, token, &self.loaded.symbols)
                    .then_some(StopReason::Step)
            }
            Plan::RunTo(locations) => (locations.iter())
                .any(|location| location.offset == head.pc)
                .then_some(StopReason::RunTo),
        }
    }

    fn snapshot(&mut self, paused: &Paused<'_>, reason: StopReason) -> Snapshot {
        let depth = paused.depth();
        let mut frames = Vec::new();
        let mut shown = 0;
        while shown < depth && frames.len() < Snapshot::MAX_FRAMES {
            let Some(head) = paused.head(shown) else { break };
            self.loaded.symbols.frame_rows(&head, shown, &mut frames);
            shown += 1;
        }
        frames.truncate(Snapshot::MAX_FRAMES);
        let store = paused.store();
        let memories = store.module(0).map_or(0, |module| module.memories.len() as u32);
        Snapshot {
            stop: StopId(self.loaded.next_stop()),
            reason,
            frames_total: frames.len() as u64 + u64::from(depth.saturating_sub(shown)),
            frames,
            tick: paused.ticks(),
            memories_len_bytes: (0..memories)
                .map(|memory| store.memory(0, memory).map_or(0, |bytes| bytes.len() as u64))
                .collect(),
        }
    }

    /// Stands still until a command lets the guest go on or ends it.
    fn park(&mut self, paused: &mut Paused<'_>, reason: StopReason) -> Resume {
        let trapped = matches!(reason, StopReason::Trap(_));
        self.plan = Plan::Free;
        let snapshot = self.snapshot(paused, reason);
        self.worker.emit(Event::Stopped(Box::new(snapshot.clone())));
        loop {
            let command = match self.worker.next(self.loaded) {
                Message::DebugInfo(debug) => {
                    self.worker.debug_info_came(self.loaded, debug);
                    continue;
                }
                Message::Command(command) => command,
            };
            let plan = match command {
                Command::Continue => Plan::Free,
                Command::Step { .. } | Command::RunTo { .. } if trapped => {
                    self.problem("the guest has trapped and cannot go on: restart it");
                    continue;
                }
                Command::Step { kind, unit, frame } => {
                    match self.step(paused, &snapshot, kind, unit, frame) {
                        Some(step) => Plan::Step(step),
                        None => {
                            self.problem("there is no such frame to step");
                            continue;
                        }
                    }
                }
                Command::RunTo { spec } => {
                    let (locations, message) = self.loaded.symbols.resolve(&spec);
                    if locations.is_empty() {
                        self.problem(&message.unwrap_or_else(|| "that place has no code".to_string()));
                        continue;
                    }
                    Plan::RunTo(locations)
                }
                other => match self.serve(paused, &snapshot, other) {
                    Some(resume) => return resume,
                    None => continue,
                },
            };
            self.plan = plan;
            self.memory_before.keep(paused.store());
            self.apply(paused, 0);
            self.worker.emit(Event::Running);
            return Resume::Continue;
        }
    }

    fn problem(&self, message: &str) {
        self.worker.emit(Event::Problem {
            message: message.to_string(),
        });
    }

    fn step(
        &self,
        paused: &Paused<'_>,
        snapshot: &Snapshot,
        kind: StepKind,
        unit: StepUnit,
        frame: u32,
    ) -> Option<StepPlan> {
        // A step into always goes on from where the guest stands.
        let row = snapshot
            .frames
            .get(if kind == StepKind::In { 0 } else { frame as usize })?;
        let first = (snapshot.frames.iter()).position(|other| other.wasm_frame == row.wasm_frame)?;
        let inlined = (row.index as usize).saturating_sub(first);
        let (head, token) = (paused.head(row.wasm_frame)?, paused.token(row.wasm_frame)?);
        Some(StepPlan::new(
            kind,
            unit,
            (token, inlined),
            &head,
            &self.loaded.symbols,
        ))
    }

    /// Everything at a stop that does not let the guest go on; `Some` if it ends the run.
    fn serve(&mut self, paused: &mut Paused<'_>, snapshot: &Snapshot, command: Command) -> Option<Resume> {
        match command {
            Command::Query { id, mut query } => {
                let result = match static_answer(self.loaded, &query) {
                    Some(answer) => answer,
                    None if query.stop_mut().map(|stop| *stop) != Some(snapshot.stop) => {
                        Err(QueryError::Stale)
                    }
                    None => Inspector {
                        paused,
                        symbols: &self.loaded.symbols,
                        snapshot,
                        before: &mut self.memory_before,
                    }
                    .answer(&query),
                };
                self.worker.emit(Event::Reply { id, result });
                None
            }
            Command::Pause => None,
            other => self.serve_always(other),
        }
    }

    /// What is done the same way whether the guest runs or stands; `Some` if it ends the run.
    fn serve_always(&mut self, command: Command) -> Option<Resume> {
        match command {
            Command::Stop => return Some(Resume::Abandon),
            Command::Restart { stop_on_entry } => {
                self.after = After::Restart { stop_on_entry };
                return Some(Resume::Abandon);
            }
            Command::Quit => {
                self.after = After::Quit;
                return Some(Resume::Abandon);
            }
            Command::Stdin(bytes) => self.stdin.push(&bytes),
            Command::CloseStdin => self.stdin.close(),
            Command::Start => self.problem("the guest has started already"),
            Command::Continue | Command::Step { .. } | Command::RunTo { .. } => {
                self.problem("the guest is running");
            }
            other => self.worker.serve_idle(self.loaded, other),
        }
        None
    }
}

impl StopHandler for Guest<'_> {
    fn on_stop(&mut self, paused: &mut Paused<'_>, cause: &StopCause) -> Resume {
        let reason = match cause {
            StopCause::Probe => self.reason(paused),
            StopCause::Pause => Some(StopReason::Pause),
            StopCause::Watch(_) => None,
            StopCause::Trap(trap) => Some(StopReason::Trap(fault::explain(paused, trap))),
        };
        if let Some(reason) = reason {
            return self.park(paused, reason);
        }
        // A guest that looks in all the time, and never stops for it, is slow to come to its next tick.
        match self.on_interrupt(paused) {
            TickAction::Continue => Resume::Continue,
            TickAction::Pause => self.park(paused, StopReason::Pause),
            TickAction::Abandon => Resume::Abandon,
        }
    }

    /// A step goes on where the exception is caught, which may be further out than the callers that are watched.
    fn on_catch(&mut self, paused: &mut Paused<'_>, frame: u32) {
        if let Plan::Step(step) = &self.plan
            && !step.enters_calls()
            && paused.token(frame).is_some_and(|token| step.may_end_in(token))
        {
            self.apply(paused, frame);
        }
    }

    fn on_interrupt(&mut self, paused: &mut Paused<'_>) -> TickAction {
        let mut action = TickAction::Continue;
        while let Some(message) = self.worker.try_next(self.loaded) {
            match message {
                Message::DebugInfo(debug) => self.worker.debug_info_came(self.loaded, debug),
                Message::Command(Command::Pause) => action = TickAction::Pause,
                Message::Command(command) => {
                    let changes_stops = matches!(
                        command,
                        Command::SetBreakpoint { .. } | Command::RemoveBreakpoint { .. }
                    );
                    if self.serve_always(command).is_some() {
                        return TickAction::Abandon;
                    }
                    if changes_stops {
                        self.apply(paused, self.frames_further_in(paused));
                    }
                }
            }
        }
        action
    }
}
