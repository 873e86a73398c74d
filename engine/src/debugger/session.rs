//! The handle a front end holds: send commands, receive events. All work happens on the session's thread.
//!
//! # Invariants
//! - Sending never blocks; whatever is sent reaches a running guest at its next tick or host call.
//! - Output the front end has not taken yet is bounded: past the bound the guest waits (and can be paused).

use super::worker::{Message, Worker};
use super::{Command, Event, SessionConfig};
use crate::runtime::host::Interrupt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// A debugging session of one module. Dropping it ends the guest and its thread.
#[derive(Debug)]
pub struct Session {
    messages: mpsc::Sender<Message>,
    events: mpsc::Receiver<Event>,
    interrupt: Interrupt,
    outstanding_output: Arc<AtomicUsize>,
}

/// Where events go. Clones lead to the same front end.
#[derive(Clone)]
pub(super) struct EventSink {
    events: mpsc::Sender<Event>,
    wakeup: Arc<dyn Fn() + Send + Sync>,
    /// Weight of the output sent and not yet taken.
    pub outstanding_output: Arc<AtomicUsize>,
}

/// What a piece of output weighs: its bytes, and what it costs a front end to take in any event at all. A guest that
/// prints a few bytes at a time must not put a hundred thousand events before the one that says it has stopped.
fn output_weight(bytes: &[u8]) -> usize {
    bytes.len().saturating_add(64)
}

impl EventSink {
    /// Hands over an event and wakes the front end up.
    pub fn emit(&self, event: Event) {
        if let Event::Output { bytes, .. } = &event {
            self.outstanding_output
                .fetch_add(output_weight(bytes), Ordering::AcqRel);
        }
        // A front end that has gone misses nothing.
        if self.events.send(event).is_ok() {
            (self.wakeup)();
        }
    }
}

impl Session {
    /// Starts a session and returns at once. `wakeup` is called (from another thread) after every event, so
    /// that a window can ask for a repaint.
    pub fn spawn(config: SessionConfig, wakeup: impl Fn() + Send + Sync + 'static) -> Session {
        let (messages, inbox) = mpsc::channel();
        let (events_in, events) = mpsc::channel();
        let interrupt = Interrupt::default();
        let outstanding_output = Arc::new(AtomicUsize::new(0));
        let sink = EventSink {
            events: events_in,
            wakeup: Arc::new(wakeup),
            outstanding_output: outstanding_output.clone(),
        };
        let worker = Worker::new(config, sink.clone(), inbox, messages.clone(), interrupt.clone());
        let spawned = std::thread::Builder::new()
            .name("stepwell-guest".to_string())
            .spawn(move || worker.run());
        if let Err(error) = spawned {
            sink.emit(Event::LoadFailed {
                message: format!("cannot start a thread for the guest: {error}"),
            });
        }
        Session {
            messages,
            events,
            interrupt,
            outstanding_output,
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
        if let Some(Event::Output { bytes, .. }) = &event {
            self.outstanding_output
                .fetch_sub(output_weight(bytes), Ordering::AcqRel);
        }
        event
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.send(Command::Quit);
    }
}
