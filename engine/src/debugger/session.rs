//! The handle a front end holds: send commands, receive events. All work happens on the session's thread.
//!
//! # Invariants
//! - Sending never blocks; whatever is sent reaches a running guest at its next tick or host call.
//! - What a guest can make the session tell is bounded until the front end takes it: past the bound of output the
//!   guest waits (and can be paused), and a wait for input is told once.
//! - A mistake of ours ends the session with an event, and leaves nobody waiting.

use super::worker::{Message, Worker};
use super::{Command, Event, SessionConfig};
use crate::runtime::host::Interrupt;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// A debugging session of one module. Dropping it ends the guest and its thread.
#[derive(Debug)]
pub struct Session {
    messages: mpsc::Sender<Message>,
    events: mpsc::Receiver<Event>,
    interrupt: Interrupt,
    outstanding: Arc<Outstanding>,
}

/// What the front end has been sent and has not taken yet, of that which a guest can make without end.
#[derive(Debug, Default)]
struct Outstanding {
    /// Weight of output.
    output: AtomicUsize,
    /// Whether a wait for input is among it.
    input_wait: AtomicBool,
}

/// Where events go. Clones lead to the same front end.
#[derive(Clone)]
pub(super) struct EventSink {
    events: mpsc::Sender<Event>,
    wakeup: Arc<dyn Fn() + Send + Sync>,
    outstanding: Arc<Outstanding>,
}

/// What a piece of output weighs: its bytes, and what it costs a front end to take in any event at all. A guest that
/// prints a few bytes at a time must not put a hundred thousand events before the one that says it has stopped.
/// Other events weigh nothing.
fn output_weight(event: &Event) -> usize {
    match event {
        Event::Output { bytes, .. } => bytes.len().saturating_add(64),
        Event::Log { text, .. } => text.len().saturating_add(64),
        _ => 0,
    }
}

impl EventSink {
    /// Weight of the output sent and not yet taken.
    pub fn outstanding_output(&self) -> usize {
        self.outstanding.output.load(Ordering::Acquire)
    }

    /// Hands over an event and wakes the front end up.
    pub fn emit(&self, event: Event) {
        if matches!(event, Event::WaitingForInput) && self.outstanding.input_wait.swap(true, Ordering::AcqRel)
        {
            return;
        }
        (self.outstanding.output).fetch_add(output_weight(&event), Ordering::AcqRel);
        // A front end that has gone misses nothing.
        if self.events.send(event).is_ok() {
            (self.wakeup)();
        }
    }
}

/// What a panic said.
pub(super) fn words_of(panic: &(dyn Any + Send)) -> &str {
    (panic.downcast_ref::<String>().map(String::as_str))
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no words")
}

impl Session {
    /// Starts a session and returns at once. `wakeup` is called (from another thread) after every event, so
    /// that a window can ask for a repaint.
    pub fn spawn(config: SessionConfig, wakeup: impl Fn() + Send + Sync + 'static) -> Session {
        let (messages, inbox) = mpsc::channel();
        let (events_in, events) = mpsc::channel();
        let interrupt = Interrupt::default();
        let outstanding = Arc::new(Outstanding::default());
        let sink = EventSink {
            events: events_in,
            wakeup: Arc::new(wakeup),
            outstanding: outstanding.clone(),
        };
        let worker = Worker::new(config, sink.clone(), inbox, messages.clone(), interrupt.clone());
        let last_words = sink.clone();
        let spawned = std::thread::Builder::new()
            .name("stepwell-guest".to_string())
            .spawn(move || {
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| worker.run())) {
                    let message = format!("Stepwell failed, by a mistake of its own: {}", words_of(&*panic));
                    last_words.emit(Event::LoadFailed { message });
                }
            });
        if let Err(error) = spawned {
            sink.emit(Event::LoadFailed {
                message: format!("cannot start a thread for the guest: {error}"),
            });
        }
        Session {
            messages,
            events,
            interrupt,
            outstanding,
        }
    }

    /// Sends a command. Never blocks; a session that has ended ignores it.
    pub fn send(&self, command: Command) {
        if self.messages.send(Message::Command(command)).is_ok() {
            self.interrupt.raise();
        }
    }

    /// The next event if one is waiting.
    pub fn try_event(&self) -> Option<Event> {
        self.taken(self.events.try_recv().ok())
    }

    /// The next event, waiting at most `timeout`.
    pub fn wait_event(&self, timeout: Duration) -> Option<Event> {
        self.taken(self.events.recv_timeout(timeout).ok())
    }

    fn taken(&self, event: Option<Event>) -> Option<Event> {
        let weight = event.as_ref().map_or(0, output_weight);
        (self.outstanding.output).fetch_sub(weight, Ordering::AcqRel);
        if matches!(event, Some(Event::WaitingForInput)) {
            self.outstanding.input_wait.store(false, Ordering::Release);
        }
        event
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.send(Command::Quit);
    }
}
