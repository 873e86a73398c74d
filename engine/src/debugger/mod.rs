//! The only door for front ends: one state machine, [`Command`] in, [`Event`] out, typed queries while
//! stopped. The window, the command line, DAP and the tests are equal clients; what one can do, all can.
//!
//! # Invariants
//! - The guest has a thread of its own, which alone touches the store, running or parked.
//! - Everything that crosses is plain serializable data.
//! - A stale question is answered `Stale`, never with another moment's value.
//!
//! Must not know: egui, DAP, clap.

mod breakpoints;
mod command;
mod conditions;
mod debug_loader;
mod describe;
mod event;
mod fault;
mod guest;
mod inspect;
mod log_text;
mod memory_before;
mod query;
mod rules;
mod session;
mod snapshot;
mod step;
mod symbols;
mod target;
mod worker;

pub use command::*;
pub use event::*;
pub use query::*;
pub use session::Session;
pub use snapshot::*;
