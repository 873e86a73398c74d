//! One function in, machine code and its [`FrameMap`] out. One deterministic compile, many variants.
//!
//! # Invariants
//! - Instrumentation ([`Stops`]) adds calls and changes nothing else: register and slot contents at every
//!   instruction boundary, and the order of sites, are equal in all variants of a function.
//! - The code is position independent: it refers to nothing but `r14`, its own bytes and the stack.
//! - Anything that is not compiled is an [`Error::Unsupported`](crate::error::Error) with its name and offset.
//!
//! Must not know: the store, the debugger, where code lies in memory.

mod frame_map;

pub use frame_map::{FrameMap, Home, Loc, Operand, Point, PointKind};

use crate::error::Error;
use crate::layout::VmLayout;
use crate::module::Module;

/// At which instruction boundaries a variant calls the stop stub.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stops {
    /// Clean code: nowhere.
    None,
    /// At these file offsets, ascending.
    At(Vec<u64>),
    /// At every instruction.
    All,
}

/// A compiled variant of a function.
#[derive(Debug)]
pub struct Compiled {
    /// Machine code; the entry is its first byte.
    pub code: Vec<u8>,
    /// Where everything is.
    pub frame_map: FrameMap,
}

/// Whether this machine can run what [`compile`] emits; the error names what is missing.
pub fn supported() -> Result<(), String> {
    Err("no compiler for this machine".to_string())
}

/// Compiles a defined function.
pub fn compile(module: &Module, layout: &VmLayout, func: u32, stops: &Stops) -> Result<Compiled, Error> {
    let _ = (module, layout, func, stops);
    Err(Error::Host("no compiler for this machine".to_string()))
}
