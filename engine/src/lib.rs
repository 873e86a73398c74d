//! Stepwell's WebAssembly engine, and the debugger built into it.
//!
//! # Map
//! From the top down; each module knows only what stands below it.
//! - [`debugger`]: the only door for front ends. Commands in, events out, questions while a guest is parked.
//! - [`api`]: the embedding API, for programs that run a module and do not debug it. [`wasi`]: preview 1 as host
//!   functions. [`spec`]: the specification's own test scripts, run on this engine.
//! - [`runtime`]: stores, instances, the guest's stack, stops and traps: what happens while a guest runs.
//! - [`compile`]: a function to machine code, clean or instrumented, and to its frame map. [`interp`]: the plain
//!   interpreter, every test's oracle and what runs where compiled code cannot.
//! - [`module`]: bytes or text to a validated, immutable module.
//! - [`layout`], [`types`], [`error`], [`position`]: the vocabulary.
//!
//! # Invariants
//! - The guest runs on a guarded stack of its own, which holds nothing but wasm frames; host functions run on the
//!   host's. A trap does not unwind: the guest stays parked at the instruction until someone lets go of it.
//! - A function compiles to clean code, without one instruction for debugging, and on demand to twins that differ by
//!   their instrumentation alone, so that a live frame moves between them at any boundary.
//! - At every instruction each local and each operand of every frame can be read, and written. The
//!   [`FrameMap`](compile::FrameMap) is the one source of where they are.
//! - Ticks are counted in compiled code, at function entries and loop heads: there the guest can be paused.
//! - What comes from outside passes one seam (`runtime::host`), and NaNs are canonical: equal inputs make equal runs.
//! - Bad modules are errors with an offset, bad guests are traps: never a panic, a hang or unbounded memory.
//! - No page is writable and executable at once. `unsafe` stands in `runtime` alone, each block with its reason.
//!
//! # What it must not know
//! Windows, debug adapters, command lines.
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
