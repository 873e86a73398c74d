//! One function in, machine code and its [`FrameMap`] out. One deterministic compile, many variants.
//!
//! The map is a function of what was compiled: who needs it rarely compiles for the code alone, and again for the map.
//!
//! # Invariants
//! - [`Instrumentation`] adds checks and calls and changes nothing else: what live registers and slots hold at every
//!   instruction boundary, and the order of sites, are equal in all variants of a function.
//! - The code is position independent: it refers to nothing but `r14`, its own bytes and the stack.
//! - Anything that is not compiled is an [`Error::Unsupported`](crate::error::Error) with its name and offset.
//!
//! Must not know: the store, the debugger, where code lies in memory.

mod ahead;
mod compiler;
mod condition;
mod copies;
mod disasm;
mod frame_map;
mod handlers;
mod masm;
mod masm_simd;
mod operands;
mod operators;
mod ops;
mod probe;
mod regalloc;
mod regs;
mod stack_log;
mod value_stack;
mod visitor;
mod visitor_simd;
#[cfg(target_arch = "x86_64")]
mod x64;

pub use ahead::compile_all;
pub use compiler::frame_surely_fits;
pub use condition::Condition;
pub use disasm::{NativeRow, native_rows};
pub use frame_map::{FrameMap, Home, Loc, Operand, Point, PointKind};
pub use handlers::{Clause, ClauseId, Handlers, Thrown};
pub use stack_log::Cursor;

use crate::error::Error;
use crate::layout::VmLayout;
use crate::module::Module;
use regs::{Gpr, SAVED_HOMES};

/// At which instruction boundaries a variant calls the stop stub.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stops {
    /// Clean code: nowhere.
    None,
    /// At these; for [`compile`] by ascending offset, each offset once.
    At(Vec<Stop>),
    /// At every instruction.
    All,
}

impl Stops {
    /// At these file offsets, in any order.
    pub fn at(offsets: impl IntoIterator<Item = u64>) -> Stops {
        let mut offsets: Vec<u64> = offsets.into_iter().collect();
        offsets.sort_unstable();
        offsets.dedup();
        Stops::At(offsets.into_iter().map(Stop::always).collect())
    }
}

/// A boundary at which a variant calls the stop stub.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stop {
    /// File offset of the instruction.
    pub offset: u64,
    /// Unless this is empty, the stub is called only where one of these holds or cannot tell.
    pub only_if: Vec<Condition>,
}

impl Stop {
    /// One without conditions.
    pub fn always(offset: u64) -> Stop {
        Stop {
            offset,
            only_if: Vec::new(),
        }
    }
}

/// How a variant looks whether a store is watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StoreCheck {
    /// It does not.
    #[default]
    None,
    /// Compares with one range: right for one.
    Range,
    /// Looks into the [filter](crate::layout::watch_filter): for several ranges, between which nothing is watched.
    Filter,
}

/// What a variant does beside what its function says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Instrumentation {
    /// Where it calls the stop stub.
    pub stops: Stops,
    /// How stores to memory 0 look whether they are watched, to call the watch stub if they may be. Bulk instructions
    /// are the runtime's, which looks for itself.
    pub watched_stores: StoreCheck,
}

impl From<&Stops> for Instrumentation {
    fn from(stops: &Stops) -> Instrumentation {
        Instrumentation {
            stops: stops.clone(),
            watched_stores: StoreCheck::None,
        }
    }
}

/// A compiled variant of a function.
#[derive(Debug)]
pub struct Compiled {
    /// Machine code; the entry is its first byte.
    pub code: Vec<u8>,
    /// Where its frames save callers' registers.
    pub callee_saved: CalleeSaved,
    /// What it throws and catches.
    pub handlers: Handlers,
    /// Where everything is.
    pub frame_map: FrameMap,
}

/// Which of its caller's callee-saved registers a frame saves. Each has a slot of its own for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CalleeSaved(u8);

impl CalleeSaved {
    /// Those of the registers that `uses` names.
    fn of(uses: impl Fn(Gpr) -> bool) -> CalleeSaved {
        let bits = (SAVED_HOMES.iter().enumerate()).map(|(index, &reg)| u8::from(uses(reg)) << index);
        CalleeSaved(bits.sum())
    }

    /// The registers and the slots where they are saved, `rbp`-relative.
    pub fn slots(self) -> impl Iterator<Item = (u8, i32)> {
        (SAVED_HOMES.iter().enumerate())
            .filter(move |&(index, _)| self.0 >> index & 1 == 1)
            .map(|(index, reg)| (reg.0, -16 - 8 * index as i32))
    }
}

/// A compiled variant without its frame map, which [`compile`] gives for the same code at any time.
#[derive(Debug)]
pub struct Code {
    /// As [`Compiled::code`].
    pub bytes: Vec<u8>,
    /// As [`Compiled::callee_saved`].
    pub callee_saved: CalleeSaved,
    /// As [`Compiled::handlers`].
    pub handlers: Handlers,
}

/// Whether this machine can run what [`compile`] emits; the error names what is missing.
pub fn supported() -> Result<(), String> {
    #[cfg(target_arch = "x86_64")]
    return x64::supported();
    #[cfg(not(target_arch = "x86_64"))]
    Err("there is no compiler for this processor".to_string())
}

/// Registers of frame 0 that hold a local's value beside its home, where the guest stands at a point of any variant of
/// a function: whoever writes the local writes these as well.
pub fn copies_at(
    module: &Module,
    layout: &VmLayout,
    func: u32,
    point: PointKind,
) -> Result<Vec<(u32, Loc)>, Error> {
    #[cfg(target_arch = "x86_64")]
    return compiler::copies_at::<x64::X64>(module, layout, func, point);
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (module, layout, func, point);
        Err(Error::Host("there is no compiler for this processor".to_string()))
    }
}

/// Compiles a defined function.
pub fn compile(
    module: &Module,
    layout: &VmLayout,
    func: u32,
    with: impl Into<Instrumentation>,
) -> Result<Compiled, Error> {
    walk(module, layout, func, &with.into(), FrameMap::default())
}

/// Compiles a defined function to the same code, and notes nothing of its frame map.
pub fn compile_code(
    module: &Module,
    layout: &VmLayout,
    func: u32,
    with: impl Into<Instrumentation>,
) -> Result<Code, Error> {
    let compiled = walk(module, layout, func, &with.into(), FrameMap::unrecorded())?;
    Ok(Code {
        bytes: compiled.code,
        callee_saved: compiled.callee_saved,
        handlers: compiled.handlers,
    })
}

fn walk(
    module: &Module,
    layout: &VmLayout,
    func: u32,
    with: &Instrumentation,
    map: FrameMap,
) -> Result<Compiled, Error> {
    #[cfg(target_arch = "x86_64")]
    return compiler::compile::<x64::X64>(module, layout, func, with, map);
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (module, layout, func, with, map);
        Err(Error::Host("there is no compiler for this processor".to_string()))
    }
}
