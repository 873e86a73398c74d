//! Stepwell's front ends: the window, the command line and the DAP server, all clients of one engine session.
//!
//! # Map
//! - [`launch`]: command-line words to a session's configuration.
//! - [`gui`]: the window. [`cli`]: the subcommands. [`dap`]: the debug adapter.
//! - [`source_cache`]: source files read from disk.
//!
//! # Invariants
//! - Front ends reach the guest only through `stepwell_engine::debugger` (and `cli::run` through the embedding API).
//! - No front end knows another.
#![forbid(unsafe_code)]

pub mod cli;
pub mod dap;
pub mod gui;
pub mod launch;
pub mod source_cache;
