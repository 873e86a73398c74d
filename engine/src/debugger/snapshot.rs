//! What a stop looks like: immutable, cheap, and stamped. Deeper state is asked for with a
//! [`Query`](super::Query) that carries the stamp.

use super::command::BreakpointId;
use crate::error::TrapKind;
use serde::{Deserialize, Serialize};
use stepwell_debuginfo::{FileId, ModuleOffset};

/// Names one stop of one session. Grows with every stop and every restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StopId(pub u64);

/// Why the guest stands still.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StopReason {
    /// Before the first instruction, as asked.
    Entry,
    /// A breakpoint location was reached.
    Breakpoint(Vec<BreakpointId>),
    /// A breakpoint location was reached, and whether it is to stop cannot be told.
    Condition {
        /// Whose condition it is.
        id: BreakpointId,
        /// Why it has no answer, in one line.
        message: String,
    },
    /// A step ended.
    Step,
    /// The place of `RunTo` was reached.
    RunTo,
    /// A pause was asked for.
    Pause,
    /// The guest trapped; it cannot go on.
    Trap(TrapInfo),
}

/// A trap, explained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrapInfo {
    /// Its kind.
    pub kind: TrapKind,
    /// One line, as the command line prints it.
    pub message: String,
    /// The instruction's wasm text.
    pub instruction: String,
    /// For memory faults.
    pub access: Option<FaultAccess>,
    /// Sentences for a person: what happened and where to look first.
    pub explanation: Vec<String>,
}

/// The arithmetic of a faulting memory access: `base + offset = address`, against the memory's size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultAccess {
    /// Memory index.
    pub memory: u32,
    /// Address operand.
    pub base: u64,
    /// Static offset of the instruction.
    pub offset: u64,
    /// Effective address (may pass 4 GiB).
    pub address: u128,
    /// Bytes accessed.
    pub len_bytes: u64,
    /// Whether it was a store.
    pub write: bool,
    /// Size of the memory in bytes when it happened.
    pub memory_len_bytes: u64,
}

/// Where a frame stands in the sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcePlace {
    /// The file in the debug info.
    pub file: FileId,
    /// Its recorded path.
    pub path: String,
    /// Line from 1.
    pub line: u32,
    /// Column from 1, or 0.
    pub column: u32,
}

/// One row of the call stack as people see it (inlined calls have rows of their own).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameInfo {
    /// Display index: 0 is innermost.
    pub index: u32,
    /// The wasm frame it belongs to: 0 is innermost. Inlined rows share one.
    pub wasm_frame: u32,
    /// Function index in the module.
    pub func: u32,
    /// Name for people.
    pub function: String,
    /// Module offset of the instruction about to run (caller frames: of the call).
    pub pc: ModuleOffset,
    /// Source place, if known.
    pub source: Option<SourcePlace>,
    /// Whether the row is an inlined copy.
    pub inlined: bool,
}

/// A stop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Its stamp.
    pub stop: StopId,
    /// Why.
    pub reason: StopReason,
    /// Call stack, innermost first, at most [`Snapshot::MAX_FRAMES`] rows.
    pub frames: Vec<FrameInfo>,
    /// Rows there really are.
    pub frames_total: u64,
    /// Function entries and loop heads passed since the guest began.
    pub tick: u64,
    /// Size of each memory in bytes.
    pub memories_len_bytes: Vec<u64>,
}

impl Snapshot {
    /// Deep recursion shows its innermost part only.
    pub const MAX_FRAMES: usize = 1000;
}
