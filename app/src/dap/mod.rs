//! The Debug Adapter Protocol server.
//!
//! # Map
//! - [`protocol`]: messages and their framing. [`server`]: the loop, launching and running. [`breakpoints`] and
//!   [`variables`]: the other requests. [`convert`]: engine words to the
//!   protocol's.
//!
//! Must not know: the window, the other subcommands.

mod breakpoints;
mod convert;
mod protocol;
mod server;
mod variables;

pub use server::serve;
