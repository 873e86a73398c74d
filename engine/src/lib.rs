//! Stepwell's WebAssembly engine, and the debugger built into it.
//!
//! # Map
//! - [`types`], [`error`], [`position`]: the vocabulary.
//! - `debugger`: the only door for front ends.
//! - [`spec`]: the specification's own test scripts, run on this engine.
//! - [`api`]: the embedding API, for programs that run a module and do not debug it.
#![deny(unsafe_code)]

pub mod api;
pub mod compile;
pub mod debugger;
pub mod error;
pub mod interp;
pub mod layout;
pub mod module;
mod parallel;
pub mod position;
pub mod runtime;
pub mod spec;
pub mod types;
pub mod wasi;
