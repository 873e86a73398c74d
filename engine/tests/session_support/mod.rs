//! A client of a session, for tests.
#![allow(dead_code)]

use std::path::Path;
use std::time::{Duration, Instant};
use stepwell_engine::debugger::{
    Command, Event, Outcome, Query, QueryError, QueryId, Reply, Session, SessionConfig, Snapshot,
};

/// A guest that does not answer in this time has hung.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A front end.
pub struct Client {
    /// Its session.
    pub session: Session,
    /// Output it has taken.
    pub output_len_bytes: usize,
    /// In how many pieces.
    pub outputs: usize,
}

impl Client {
    /// Opens a sample.
    pub fn open(guest: &str, interpreter: bool, args: &[&str]) -> Client {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../assets/guests")
            .join(guest);
        let config = SessionConfig {
            module: std::fs::read(&file).expect("a sample").into(),
            name: guest.to_string(),
            path: Some(file),
            args: args.iter().map(ToString::to_string).collect(),
            interpreter,
            ..SessionConfig::default()
        };
        Client::of(config)
    }

    /// Opens a module from its text.
    pub fn of_text(wat: &str, interpreter: bool) -> Client {
        Client::of(SessionConfig {
            module: wat::parse_str(wat).expect("text").into(),
            name: "text".to_string(),
            interpreter,
            ..SessionConfig::default()
        })
    }

    /// Opens anything.
    pub fn of(config: SessionConfig) -> Client {
        Client {
            session: Session::spawn(config, || {}),
            output_len_bytes: 0,
            outputs: 0,
        }
    }

    /// Waits for an event.
    pub fn wait<T>(&mut self, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let Some(event) = self.session.wait_event(Duration::from_millis(100)) else {
                continue;
            };
            if let Event::Output { bytes, .. } = &event {
                self.output_len_bytes += bytes.len();
                self.outputs += 1;
            }
            if let Some(found) = wanted(event) {
                return found;
            }
        }
        panic!("nothing came in {PATIENCE:?}");
    }

    /// Waits for a stop; anything else that matters is a failure.
    pub fn stopped(&mut self) -> Snapshot {
        self.wait(|event| match event {
            Event::Stopped(snapshot) => Some(*snapshot),
            Event::Ended(outcome) => panic!("ended: {outcome:?}"),
            Event::Problem { message } | Event::LoadFailed { message } => panic!("{message}"),
            _ => None,
        })
    }

    /// Waits for the end of the run.
    pub fn ended(&mut self) -> Outcome {
        self.wait(|event| match event {
            Event::Ended(outcome) => Some(outcome),
            _ => None,
        })
    }

    /// Asks, and waits for the answer.
    pub fn ask(&mut self, query: Query) -> Result<Reply, QueryError> {
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
}
