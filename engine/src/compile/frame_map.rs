//! THE TRUTH: program point to value locations. Traps, stepping, unwinding, checkpoints and panes read nothing
//! else.
//!
//! # Words
//! A *point* is a native offset at which the guest can stand still:
//! - a *boundary*: before a wasm instruction. Its native offset is where the code of the instruction begins; in a
//!   variant that probes it, the probe's call comes first and the guest stands after it.
//! - a *site*: a return address, of a call to a function, a libcall or a tick stub. Sites come in the same order
//!   in every variant, so a frame moves between variants by site number.
//! - a *trap point*: the return address of a call to the trap stub, or a memory instruction that may fault. There
//!   the state is that before the instruction: nothing of it was done.
//!
//! Must not know: memory, registers' contents, the store.

use crate::error::TrapKind;
use crate::types::ValType;

/// Where a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loc {
    /// It is this constant.
    Const(u64),
    /// In an integer register.
    Gpr(u8),
    /// In a vector register.
    Xmm(u8),
    /// On the stack, at `rbp` plus this.
    Slot(i32),
    /// Same as this local, wherever that is at the point.
    Local(u32),
    /// 1 if this x86 condition code holds for the saved flags, else 0.
    Flags(u8),
}

/// An operand-stack entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operand {
    /// Its type.
    pub ty: ValType,
    /// Where it is.
    pub loc: Loc,
}

/// Where a local lives for the whole function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Home {
    /// Its type.
    pub ty: ValType,
    /// Register (`Loc::Gpr` or `Loc::Xmm`) if it has one.
    pub register: Option<Loc>,
    /// Its slot, `rbp`-relative; every local has one. While a call is in progress, locals in caller-saved
    /// registers are in their slots.
    pub slot: i32,
}

/// What kind of point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PointKind {
    /// Before an instruction (number in instruction order).
    Boundary(u32),
    /// In a call of a wasm or host function, by the instruction at the point's offset (number in site order).
    CallSite(u32),
    /// In a libcall of the instruction at the point's offset; nothing of it was done yet.
    LibcallSite(u32),
    /// At a tick before the instruction at the point's offset.
    TickSite(u32),
    /// At a trapping instruction, with the kind.
    Trap(TrapKind),
}

/// One point, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Its kind.
    pub kind: PointKind,
    /// File offset of the instruction.
    pub offset: u64,
    /// Operand stack, bottom first. In a call, without its arguments.
    pub operands: Vec<Operand>,
}

/// All points of one compiled variant, and where the locals live.
#[derive(Clone, Debug, Default)]
pub struct FrameMap {
    homes: Vec<Home>,
    callee_saved: Vec<(u8, i32)>,
}

impl FrameMap {
    /// Where the locals live, parameters first. At points that are not call sites, a local with a register is in
    /// it; at call sites, a local in a register that callees do not preserve is in its slot.
    pub fn homes(&self) -> &[Home] {
        &self.homes
    }

    /// Where this frame saved its caller's callee-saved registers: (register, `rbp`-relative slot).
    pub fn callee_saved(&self) -> &[(u8, i32)] {
        &self.callee_saved
    }

    /// The point where a guest stands whose program counter is `native`, an offset in the variant's code: a site's
    /// return address, the address after a probe's call, the return address of a trap stub's call, or (when
    /// `faulted`) the address of a memory instruction that faulted.
    pub fn point(&self, native: u32, faulted: bool) -> Option<Point> {
        let _ = (native, faulted);
        None
    }

    /// Where execution goes on at a boundary, past its probe if the variant has one there.
    pub fn native_from_boundary(&self, boundary: u32) -> Option<u32> {
        let _ = boundary;
        None
    }

    /// The return address of a site.
    pub fn native_from_site(&self, site: u32) -> Option<u32> {
        let _ = site;
        None
    }

    /// All boundaries: (file offset, native offset), in order.
    pub fn boundaries(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        std::iter::empty()
    }
}
