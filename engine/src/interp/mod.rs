//! The plain reference interpreter: the oracle of every test, and the fallback where no compiled code can run.
//!
//! # Invariants
//! - Spec-shaped: simple over fast. It shares nothing with the compiler but the decoded
//!   [`Module`] and the store, which it sees through [`World`].
//! - One [`Machine::step`] executes exactly one instruction; between steps every local, operand and frame is
//!   readable and writable.
//! - Control constructs are instructions too: `block`, `loop`, `if`, `else`, `end` each take one step. A branch to
//!   a loop continues with the first instruction of its body; a branch to a block with the one after its `end`.
//! - Ticks: one at every function entry, one each time a loop body is entered (from above or by a branch).
//! - NaNs that the spec leaves open are canonical (positive quiet, zero payload), for arithmetic that is not
//!   `neg`, `abs`, `copysign`, loads, stores, moves or reinterpretation.
//! - A trapping instruction leaves its operands on the stack and the frame's `pc` on itself.
//!
//! # What a step is, exactly
//! A compiled twin is compared with this machine instruction by instruction, so each of these is a promise.
//! - *Unreachable code* is never stepped: control gets to an instruction only by falling into it or by a branch.
//! - `block`, `loop`: enter the construct; the next instruction is the first of its body.
//! - `if`: pops its condition. If it is zero, the next instruction is the first after `else`, or, without an `else`,
//!   the one after `end`.
//! - `else` is stepped only where the first arm falls into it, and continues after the matching `end`, as a branch to
//!   it would. Before that step, the results of the first arm are on top of the operands.
//! - `end` is stepped only where control falls into it. It moves nothing: the results are already in place.
//! - A branch to a block or `if` continues after its `end` (which is not stepped), a branch to a loop with the first
//!   instruction of its body (the `loop` is not stepped again; the tick is counted). A taken branch first cuts the
//!   operands down to the height at the construct's entry plus what the label carries.
//! - The function's own `end`, `return` and a branch to the function's label are one step each: the frame is gone
//!   after it, its results are on the caller's operands, and the caller stands at the instruction after its call.
//! - A call of a wasm function is one step into it: the next instruction is the callee's first, its tick is counted,
//!   its parameters hold the arguments and its other locals are zero. A call of a host function is one step over it.
//! - *Operands shown*: for frame 0 everything on the operand stack before the instruction at `pc`, conditions, indexes
//!   and arguments included. For a caller, what is beneath the arguments it handed over (and beneath the index of
//!   `call_indirect`). After [`Step::Trap`] and [`Step::Host`] frame 0 is exactly as it was before the instruction.
//! - A tail call is one step: the frame gives way to the callee's, whose first instruction is next. A tail call of a
//!   host function is a call and a return in one step.
//! - `throw`, `throw_ref` and `rethrow` are one step: the frames above the handler are gone after it, and the next
//!   instruction is the one that the clause's label continues with, or the first of the `catch`. Where nothing on the
//!   activation's stack catches, the instruction traps with every frame still there. The end of the body of an old
//!   `try` is `catch`, `catch_all` or `delegate`: stepped where control falls into it, as `else` and `end` are.
//! - *Stack exhaustion* is a trap of the call instruction: no frame is pushed, no tick counted. How deep the stack may
//!   get differs from compiled code ([`MAX_FRAMES`], [`MAX_VALUES`]).
//!
//! Vectors are `u128`, lane 0 lowest; relaxed SIMD follows the deterministic profile. What the decoder accepts and this
//! machine does not execute, [`check_supported`] names; it belongs before instantiation.

mod access;
mod caught;
mod code;
mod exception;
mod execute;
mod machine;
mod numeric;
mod simd;
mod value;

pub use caught::Caught;
pub use code::check_supported;
pub use exception::Exception;
pub use machine::{MAX_FRAMES, MAX_VALUES, Machine};

use crate::error::TrapKind;
use crate::module::Module;
use crate::types::ValType;
use std::sync::Arc;

/// What the interpreter needs of the store. References are opaque bits; 0 is null.
pub trait World {
    /// The module of an instance.
    fn module(&self, instance: u32) -> &Arc<Module>;
    /// The bytes of a memory.
    fn memory(&mut self, instance: u32, memory: u32) -> &mut [u8];
    /// Grows a memory by pages; the old size in pages, or `None` if refused.
    fn memory_grow(&mut self, instance: u32, memory: u32, delta_pages: u64) -> Option<u32>;
    /// Reads a global's bits.
    fn global_get(&self, instance: u32, global: u32) -> u128;
    /// Writes a global's bits.
    fn global_set(&mut self, instance: u32, global: u32, bits: u128);
    /// A table's elements.
    fn table(&mut self, instance: u32, table: u32) -> &mut [u64];
    /// Grows a table; the old length, or `None` if refused.
    fn table_grow(&mut self, instance: u32, table: u32, delta: u64, init: u64) -> Option<u32>;
    /// A data segment's bytes (empty once dropped).
    fn data(&self, instance: u32, segment: u32) -> Arc<[u8]>;
    /// `data.drop`.
    fn data_drop(&mut self, instance: u32, segment: u32);
    /// An element segment's references (empty once dropped).
    fn elements(&self, instance: u32, segment: u32) -> Arc<[u64]>;
    /// `elem.drop`.
    fn elements_drop(&mut self, instance: u32, segment: u32);
    /// The reference of a function.
    fn func_ref(&self, instance: u32, func: u32) -> u64;
    /// What a function index calls.
    fn callee(&self, instance: u32, func: u32) -> Callee;
    /// What a non-null reference calls, with its store-wide type number.
    fn callee_of_ref(&self, reference: u64) -> (Callee, u32);
    /// The store-wide number of a module's type index.
    fn type_number(&self, instance: u32, type_index: u32) -> u32;
    /// The store-wide number of a tag.
    fn tag(&self, instance: u32, tag: u32) -> u32;
    /// A new reference to an exception. `held` are all that the machine has; what else is not reachable may go.
    /// `None` if there are too many that may not.
    fn add_exception(&mut self, exception: &Exception, held: &mut dyn Iterator<Item = u64>) -> Option<u64>;
    /// The exception of a non-null reference.
    fn exception(&self, reference: u64) -> Option<Exception>;
    /// Calls a host function on behalf of `instance`. `Err` ends the activation.
    fn call_host(&mut self, instance: u32, host: u32, args: &[u128]) -> Result<Vec<u128>, HostStop>;
}

/// What a call reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A wasm function.
    Wasm {
        /// Its instance.
        instance: u32,
        /// Its function index there.
        func: u32,
    },
    /// A host function of the store.
    Host {
        /// Its number.
        host: u32,
    },
}

/// A host function that did not return: the runtime keeps the reason, the machine only stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostStop;

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// One instruction was executed; more to do.
    Continue,
    /// The activation returned; its results are in [`Machine::results`].
    Done,
    /// The instruction at `pc` traps; nothing of it was done.
    Trap(TrapKind),
    /// A host function did not return (trap or exit); the frame stands at the call.
    Host,
}

/// One interpreted frame, as inspectors see it.
#[derive(Clone, Debug)]
pub struct FrameView<'a> {
    /// Instance.
    pub instance: u32,
    /// Function index.
    pub func: u32,
    /// File offset of the instruction about to run (callers: of the call in progress).
    pub pc: u64,
    /// Locals with types.
    pub locals: &'a [(ValType, u128)],
    /// Operand stack with types, bottom first (callers: without the arguments handed over).
    pub operands: &'a [(ValType, u128)],
}
