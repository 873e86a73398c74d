//! A guest that stands still, as those who look at it see it: the same for compiled code and the interpreter.
//!
//! # Invariants
//! - A [`StopHandler`] is called on the guest's own thread with the guest parked; nothing moves until it returns.
//! - Silent stops are cheap: a handler that only looks at [`Paused::head`] and [`Paused::token`] of frame 0
//!   causes no walk of the stack.
//!
//! Must not know: source lines, breakpoints, front ends.

use crate::error::TrapKind;
use crate::runtime::store::Store;
use crate::types::Val;
use stepwell_debuginfo::ModuleOffset;

/// A trap as the runtime reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    /// Its kind.
    pub kind: TrapKind,
    /// What a host function said ([`TrapKind::Host`] only).
    pub message: Option<String>,
}

/// Why a handler is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// An instruction boundary that [`Stops`](crate::compile::Stops) or flood asked for.
    Probe,
    /// The first boundary after [`TickAction::Pause`] (or a host function interrupted while it waited).
    Pause,
    /// The guest trapped and stands at the trapping instruction. It cannot go on.
    Trap(Trap),
}

/// What to do after a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// Go on (after a trap: the same as `Abandon`).
    Continue,
    /// Drop the guest's activation; the call ends as abandoned.
    Abandon,
}

/// What to do at an interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TickAction {
    /// Go on.
    Continue,
    /// Run to the next instruction boundary and stop there.
    Pause,
    /// Drop the guest's activation.
    Abandon,
}

/// Who decides what happens when the guest stands still.
pub trait StopHandler {
    /// The guest stands still.
    fn on_stop(&mut self, paused: &mut Paused<'_>, cause: &StopCause) -> Resume;
    /// The interrupt flag was raised (the runtime has lowered it). Called at ticks, host calls and libcalls;
    /// stops may be changed here as well.
    fn on_interrupt(&mut self, paused: &mut Paused<'_>) -> TickAction;
}

/// How a frame stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameState {
    /// Before the instruction at its offset.
    Boundary,
    /// The instruction at its offset, a call, is in progress.
    InCall,
    /// The instruction at its offset trapped; nothing of it was done.
    Trapped,
}

/// Where a frame stands, without its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// Instance number in the store.
    pub instance: u32,
    /// Function index.
    pub func: u32,
    /// The instruction.
    pub pc: ModuleOffset,
    /// How it stands there.
    pub state: FrameState,
}

/// A frame with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Where it stands.
    pub head: FrameHead,
    /// Locals, parameters first.
    pub locals: Vec<Val>,
    /// Operand stack, bottom first (in a call: without the arguments handed over).
    pub operands: Vec<Val>,
}

/// Names one live frame of an activation: unique while it lives; a callee's is smaller than its caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameToken(pub u64);

/// Which boundaries of a function call the handler.
pub use crate::compile::Stops;

/// A parked guest.
#[derive(Debug)]
pub struct Paused<'a> {
    store: &'a mut Store,
}

impl Paused<'_> {
    /// Frames on the stack (walks it).
    pub fn depth(&self) -> u32 {
        0
    }

    /// Where a frame stands; 0 is innermost.
    pub fn head(&self, frame: u32) -> Option<FrameHead> {
        let _ = frame;
        None
    }

    /// A frame's identity.
    pub fn token(&self, frame: u32) -> Option<FrameToken> {
        let _ = frame;
        None
    }

    /// A frame with its values.
    pub fn frame(&self, frame: u32) -> Option<Frame> {
        let _ = frame;
        None
    }

    /// Writes a local's bits; `false` if there is none such.
    pub fn set_local(&mut self, frame: u32, index: u32, bits: u128) -> bool {
        let _ = (frame, index, bits);
        false
    }

    /// Writes an operand's bits (counted from the bottom); `false` if it is a constant of the code or there is
    /// none such.
    pub fn set_operand(&mut self, frame: u32, index: u32, bits: u128) -> bool {
        let _ = (frame, index, bits);
        false
    }

    /// Ticks since the store was made.
    pub fn ticks(&self) -> u64 {
        0
    }

    /// The store, to read.
    pub fn store(&self) -> &Store {
        self.store
    }

    /// The store, to write.
    pub fn store_mut(&mut self) -> &mut Store {
        self.store
    }

    /// Asks for calls of the handler at boundaries of a function, in place of what was asked before. Live
    /// frames of it are moved to the right variant at once. The boundary at which the guest now stands does not
    /// stop again before it has executed. `Err` names what cannot be compiled.
    pub fn set_stops(&mut self, instance: u32, func: u32, stops: Stops) -> Result<(), crate::error::Error> {
        let _ = (instance, func, stops);
        Ok(())
    }

    /// While on, every function stops at every boundary.
    pub fn set_flood(&mut self, on: bool) {
        let _ = on;
    }
}
