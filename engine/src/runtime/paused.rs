//! A guest that stands still, as those who look at it see it: the same for compiled code and the interpreter.
//!
//! # Invariants
//! - A [`StopHandler`] is called on the guest's own thread with the guest parked; nothing moves until it returns.
//! - Silent stops are cheap: a handler that only looks at [`Paused::head`] and [`Paused::token`] of frame 0
//!   causes no walk of the stack.
//!
//! Must not know: source lines, breakpoints, front ends.

use super::interpreted::Activation;
use super::unwind::{NativeFrames, NativeView};
use crate::error::{Error, TrapKind};
use crate::runtime::store::Store;
use crate::types::Val;
use std::ops::Range;
use stepwell_debuginfo::ModuleOffset;

/// A trap as the runtime reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    /// Its kind.
    pub kind: TrapKind,
    /// What a host function said ([`TrapKind::Host`] only).
    pub message: Option<String>,
}

/// A store that met what is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The instruction that stored: a call, if a host function did.
    pub pc: ModuleOffset,
    /// The instance whose memory it is.
    pub instance: u32,
    /// The memory's index there.
    pub memory: u32,
    /// All addresses it stored to.
    pub bytes: Range<u64>,
}

/// Why a handler is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// An instruction boundary that [`Stops`] or flood asked for.
    Probe,
    /// The first boundary after [`TickAction::Pause`] (or a host function interrupted while it waited).
    Pause,
    /// A store met what [`Store::watch`] asked for. It is made; the guest stands before the next instruction, whose
    /// own stop, if one is asked for, comes after this.
    Watch(Written),
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
    /// An exception is about to be caught in a frame, and those further in to be given up. The guest stands at the
    /// instruction that throws; where the frame goes on, it stops if that is asked for now. Called only where any
    /// stops are asked for.
    fn on_catch(&mut self, paused: &mut Paused<'_>, frame: u32) {
        let _ = (paused, frame);
    }
    /// The interrupt flag was raised (the runtime has lowered it). Called at ticks, host calls and libcalls;
    /// stops may be changed here as well.
    fn on_interrupt(&mut self, paused: &mut Paused<'_>) -> TickAction;
}

/// How a frame stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FrameState {
    /// Before the instruction at its offset.
    #[default]
    Boundary,
    /// The instruction at its offset, a call, is in progress.
    InCall,
    /// The instruction at its offset trapped; nothing of it was done.
    Trapped,
}

/// Where a frame stands, without its values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

/// A frame of which single values can be read.
pub struct FrameView<'a>(View<'a>);

enum View<'a> {
    Interpreted(&'a Activation, u32),
    Native(NativeView<'a>),
}

impl FrameView<'_> {
    /// Where it stands.
    pub fn head(&self) -> Option<FrameHead> {
        match &self.0 {
            View::Interpreted(activation, frame) => activation.head(*frame),
            View::Native(view) => view.head(),
        }
    }

    /// The value of a local, parameters first.
    #[inline]
    pub fn local(&self, index: u32) -> Option<Val> {
        match &self.0 {
            View::Interpreted(activation, frame) => activation.local(*frame, index),
            View::Native(view) => view.local(index),
        }
    }

    /// The value of an entry of the operand stack, counted from the bottom.
    pub fn operand(&self, index: u32) -> Option<Val> {
        match &self.0 {
            View::Interpreted(activation, frame) => activation.operand(*frame, index),
            View::Native(view) => view.operand(index),
        }
    }
}

impl std::fmt::Debug for FrameView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("FrameView").field(&self.head()).finish()
    }
}

/// Which boundaries of a function call the handler.
pub use crate::compile::Stops;

/// A parked guest.
pub struct Paused<'a> {
    store: &'a mut Store,
    guest: Guest<'a>,
}

/// What is parked.
pub(super) enum Guest<'a> {
    /// A host function called from outside: no frames.
    None,
    /// The interpreter.
    Interpreted(&'a mut Activation),
    /// Compiled code; the store holds its context.
    Native(NativeFrames),
}

impl std::fmt::Debug for Paused<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Paused")
            .field("head", &self.head(0))
            .finish_non_exhaustive()
    }
}

impl<'a> Paused<'a> {
    /// A guest that stands still until this is dropped.
    pub(super) fn new(store: &'a mut Store, guest: Guest<'a>) -> Paused<'a> {
        Paused { store, guest }
    }
}

impl Paused<'_> {
    /// Frames on the stack (walks it).
    pub fn depth(&self) -> u32 {
        match &self.guest {
            Guest::None => 0,
            Guest::Interpreted(activation) => activation.depth(),
            Guest::Native(frames) => frames.depth(self.store),
        }
    }

    /// Where a frame stands; 0 is innermost.
    pub fn head(&self, frame: u32) -> Option<FrameHead> {
        match &self.guest {
            Guest::None => None,
            Guest::Interpreted(activation) => activation.head(frame),
            Guest::Native(frames) => frames.head(self.store, frame),
        }
    }

    /// A frame's identity.
    pub fn token(&self, frame: u32) -> Option<FrameToken> {
        match &self.guest {
            Guest::None => None,
            Guest::Interpreted(activation) => activation.token(frame),
            Guest::Native(frames) => frames.token(self.store, frame),
        }
    }

    /// A frame with its values.
    pub fn frame(&self, frame: u32) -> Option<Frame> {
        match &self.guest {
            Guest::None => None,
            Guest::Interpreted(activation) => activation.frame(frame),
            Guest::Native(frames) => frames.frame(self.store, frame),
        }
    }

    /// A frame with its values in place of another: who looks at many frames needs no new room for each. `false`, with
    /// nothing of use in it, where [`frame`](Self::frame) is `None`.
    pub fn read_frame(&self, frame: u32, into: &mut Frame) -> bool {
        match &self.guest {
            Guest::None => false,
            Guest::Interpreted(activation) => match activation.frame(frame) {
                Some(found) => {
                    *into = found;
                    true
                }
                None => false,
            },
            Guest::Native(frames) => frames.read_frame(self.store, frame, into).is_some(),
        }
    }

    /// A frame to read single values of: cheaper than all of them.
    #[inline]
    pub fn view(&self, frame: u32) -> Option<FrameView<'_>> {
        Some(FrameView(match &self.guest {
            Guest::None => return None,
            Guest::Interpreted(activation) => View::Interpreted(activation, frame),
            Guest::Native(frames) => View::Native(frames.view(self.store, frame)?),
        }))
    }

    /// Writes a local's bits; `false` if there is none such, if a `funcref`'s bits name no function, or if
    /// compiled code holds an operand in the same place, which would change with it.
    pub fn set_local(&mut self, frame: u32, index: u32, bits: u128) -> bool {
        match &mut self.guest {
            Guest::None => false,
            Guest::Interpreted(activation) => activation.set_local(self.store, frame, index, bits),
            Guest::Native(frames) => frames.set_local(self.store, frame, index, bits),
        }
    }

    /// Writes an operand's bits (counted from the bottom); `false` if there is none such, if a `funcref`'s bits
    /// name no function of the type that is there, or if it has no place of its own in compiled code (a constant of the
    /// code, a copy of a local, a condition; and of what arithmetic left, a NaN that is not the canonical one).
    pub fn set_operand(&mut self, frame: u32, index: u32, bits: u128) -> bool {
        match &mut self.guest {
            Guest::None => false,
            Guest::Interpreted(activation) => activation.set_operand(self.store, frame, index, bits),
            Guest::Native(frames) => frames.set_operand(self.store, frame, index, bits),
        }
    }

    /// Ticks since the store was made.
    pub fn ticks(&self) -> u64 {
        match &self.guest {
            Guest::Interpreted(activation) => self.store.ticks.wrapping_add(activation.ticks()),
            Guest::None | Guest::Native(_) => self.store.ticks,
        }
    }

    /// The store, to read.
    pub fn store(&self) -> &Store {
        self.store
    }

    /// The store, to write.
    pub fn store_mut(&mut self) -> &mut Store {
        self.forget_frames();
        self.store
    }

    /// Asks for calls of the handler at boundaries of a function, in place of what was asked before. Live
    /// frames of it are moved to the right variant at once. The boundary at which the guest now stands does not
    /// stop again before it has executed. `Err` names what cannot be compiled.
    pub fn set_stops(&mut self, instance: u32, func: u32, stops: Stops) -> Result<(), Error> {
        self.forget_frames();
        self.store.set_stops(instance, func, stops)
    }

    /// While on, every function stops at every boundary. A function that cannot be compiled for it ends the call
    /// with that error.
    pub fn set_flood(&mut self, on: bool) {
        self.forget_frames();
        if let Err(error) = self.store.set_flood(on) {
            self.store.failure = Some(error);
        }
    }

    /// Has the handler called after stores that meet these addresses, in place of what was watched of the memory
    /// before. `Err` names what cannot be compiled.
    pub fn watch(&mut self, instance: u32, memory: u32, ranges: &[Range<u64>]) -> Result<(), Error> {
        self.forget_frames();
        self.store.watch(instance, memory, ranges)
    }

    /// Frames found so far may be about to move.
    fn forget_frames(&mut self) {
        if let Guest::Native(frames) = &self.guest {
            frames.forget();
        }
    }
}
