//! Places and moments of a run: where in the module, where in native code, and when.

use serde::{Deserialize, Serialize};
pub use stepwell_debuginfo::{CodeOffset, CodeSection, ModuleOffset};

/// A wasm program counter: a module of the store and an offset in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pc {
    /// Which instance's module (index in the store).
    pub instance: u32,
    /// The instruction.
    pub offset: ModuleOffset,
}

/// An address of compiled code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NativePc(pub usize);

/// Function entries and loop heads passed since the guest began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tick(pub u64);

/// One moment of a run: the tick, how deep the stack is, and the instruction about to execute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// When.
    pub tick: Tick,
    /// Frames on the stack.
    pub depth: u32,
    /// Where.
    pub pc: Pc,
}
