//! THE TRUTH: program point to value locations. Traps, stepping, unwinding, checkpoints and panes read nothing
//! else.
//!
//! # Words
//! A *point* is a native offset at which the guest can stand still:
//! - a *boundary*: before a wasm instruction. Its native offset is where the code of the instruction begins; in a
//!   variant that probes it, the probe's call comes first and the guest stands after it.
//! - a *site*: a return address, of a call to a function, a libcall or a tick stub. Sites come in the same order
//!   in every variant, so a frame moves between variants by site number.
//! - a *watch point*: the return address of a call to the watch stub, after a store and before the boundary that
//!   comes next.
//! - a *trap point*: the return address of a call to the trap stub, or a memory instruction that may fault. There
//!   the state is that before the instruction: nothing of it was done.
//!
//! Must not know: memory, registers' contents, the store.

use super::stack_log::{Cursor, Moment, StackLog};
use super::value_stack::ValueStack;
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
    /// A float in a vector register, as arithmetic left it there: where that is a NaN, it is the canonical one.
    Arith(u8),
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
    /// After a watched store: as the boundary of this number, before its probe.
    AfterStore(u32),
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
    /// Whether nothing is noted.
    unrecorded: bool,
    homes: Vec<Home>,
    /// Boundaries, and the operand stack at each of them and at sites and trap points.
    stacks: StackLog,
    sites: Vec<Site>,
    /// Sites by native offset: (native, number), ascending.
    sites_by_native: Vec<(u32, u32)>,
    traps: Vec<TrapPoint>,
    /// Memory instructions whose operands were moved since their boundary, by native offset.
    faults: Vec<Fault>,
    watches: Vec<WatchPoint>,
}

#[derive(Clone, Copy, Debug)]
struct Site {
    native: u32,
    kind: SiteKind,
    offset: u32,
    stack: Moment,
}

/// What a site is a return address of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SiteKind {
    /// A call of a function.
    Call,
    /// A libcall.
    Libcall,
    /// A tick.
    Tick,
}

#[derive(Clone, Copy, Debug)]
struct TrapPoint {
    native: u32,
    kind: TrapKind,
    boundary: u32,
    stack: Option<Moment>,
}

#[derive(Clone, Copy, Debug)]
struct WatchPoint {
    native: u32,
    boundary: u32,
    /// File offset of the store.
    offset: u32,
}

#[derive(Clone, Copy, Debug)]
struct Fault {
    native: u32,
    stack: Moment,
}

impl FrameMap {
    /// Where the locals live, parameters first. At points that are not call sites, a local with a register is in
    /// it; at call sites, a local in a register that callees do not preserve is in its slot.
    pub fn homes(&self) -> &[Home] {
        &self.homes
    }

    /// The point where a guest stands whose program counter is `native`, an offset in the variant's code: a site's
    /// return address, the address after a probe's call, the return address of a trap stub's call, or (when
    /// `faulted`) the address of a memory instruction that faulted. A frame that was moved to a boundary of a variant
    /// without a probe there may share its address with other boundaries: who moves a frame remembers where to.
    pub fn point(&self, native: u32, faulted: bool) -> Option<Point> {
        if faulted {
            let boundary = self.stacks.by_native(native)?;
            let operands = match self.faults.binary_search_by_key(&native, |fault| fault.native) {
                Ok(index) => self.stacks.stack_at(self.faults.get(index)?.stack)?,
                Err(_) => self.stacks.at_boundary(boundary.number)?.1,
            };
            return Some(Point {
                kind: PointKind::Trap(TrapKind::MemoryOutOfBounds),
                offset: u64::from(boundary.offset),
                operands,
            });
        }
        if let Ok(found) = self.sites_by_native.binary_search_by_key(&native, |site| site.0) {
            let number = self.sites_by_native.get(found)?.1;
            let site = self.sites.get(number as usize)?;
            let kind = match site.kind {
                SiteKind::Call => PointKind::CallSite(number),
                SiteKind::Libcall => PointKind::LibcallSite(number),
                SiteKind::Tick => PointKind::TickSite(number),
            };
            return Some(Point {
                kind,
                offset: u64::from(site.offset),
                operands: self.stacks.stack_at(site.stack)?,
            });
        }
        if let Ok(index) = self.traps.binary_search_by_key(&native, |trap| trap.native) {
            let trap = self.traps.get(index)?;
            let mut point = self.boundary(trap.boundary)?;
            if let Some(moment) = trap.stack {
                point.operands = self.stacks.stack_at(moment)?;
            }
            point.kind = PointKind::Trap(trap.kind);
            return Some(point);
        }
        if let Some(watch) = self.watch_point(native) {
            let kind = PointKind::AfterStore(watch.boundary);
            return Some(Point {
                kind,
                ..self.boundary(watch.boundary)?
            });
        }
        // The first of those that go on here is the one whose probe ends here.
        let boundary = self.stacks.by_resume(native)?;
        if boundary.resume != native {
            return None;
        }
        self.boundary(boundary.number)
    }

    /// The boundary (number and file offset) whose probe has called the stop stub: `native` is where it goes on. The
    /// cursor is one for this map alone; it has the operand stack there.
    pub fn probed(&self, native: u32, cursor: &mut Cursor) -> Option<(u32, u64)> {
        let boundary = self.stacks.seek(cursor, native)?;
        (boundary.resume == native).then_some((boundary.number, u64::from(boundary.offset)))
    }

    /// The point of a boundary.
    pub fn boundary(&self, number: u32) -> Option<Point> {
        let (boundary, operands) = self.stacks.at_boundary(number)?;
        Some(Point {
            kind: PointKind::Boundary(number),
            offset: u64::from(boundary.offset),
            operands,
        })
    }

    /// Where execution goes on at a boundary, past its probe if the variant has one there.
    pub fn native_from_boundary(&self, boundary: u32) -> Option<u32> {
        Some(self.stacks.by_number(boundary)?.resume)
    }

    /// Where a boundary begins, its probe included.
    pub fn native_before_boundary(&self, boundary: u32) -> Option<u32> {
        Some(self.stacks.by_number(boundary)?.native)
    }

    fn watch_point(&self, native: u32) -> Option<&WatchPoint> {
        let index = (self.watches)
            .binary_search_by_key(&native, |watch| watch.native)
            .ok()?;
        self.watches.get(index)
    }

    /// The file offset of the store that a watch point comes after.
    pub fn store_before(&self, native: u32) -> Option<u64> {
        Some(u64::from(self.watch_point(native)?.offset))
    }

    /// The return address of a site.
    pub fn native_from_site(&self, site: u32) -> Option<u32> {
        self.sites.get(site as usize).map(|site| site.native)
    }

    /// File offset of the call that returns to `native`.
    pub fn call_before(&self, native: u32) -> Option<u64> {
        let found = self.sites_by_native.binary_search_by_key(&native, |site| site.0);
        let number = self.sites_by_native.get(found.ok()?)?.1;
        Some(u64::from(self.sites.get(number as usize)?.offset))
    }

    /// All boundaries: (file offset, native offset), in order.
    pub fn boundaries(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        (self.stacks.all()).map(|boundary| (u64::from(boundary.offset), boundary.native))
    }

    /// Bytes this map takes.
    pub fn len_bytes(&self) -> usize {
        self.stacks.len_bytes()
            + self.sites.len() * (size_of::<Site>() + size_of::<(u32, u32)>())
            + self.traps.len() * size_of::<TrapPoint>()
            + self.faults.len() * size_of::<Fault>()
            + self.watches.len() * size_of::<WatchPoint>()
            + self.homes.len() * size_of::<Home>()
    }
}

/// Recording, for the compiler.
impl FrameMap {
    /// A map that notes nothing, for who wants the code alone.
    pub(super) fn unrecorded() -> FrameMap {
        FrameMap {
            unrecorded: true,
            ..FrameMap::default()
        }
    }

    /// Records a boundary with the stack as it is there.
    pub(super) fn add_boundary(&mut self, offset: u64, native: u32, stack: &mut ValueStack) {
        if !self.unrecorded {
            self.stacks.boundary(offset as u32, native, stack);
        }
    }

    /// Says that the last boundary has a probe that ends here.
    pub(super) fn probe_ends(&mut self, native: u32) {
        if !self.unrecorded {
            self.stacks.probe_ends(native);
        }
    }

    /// The number of the last boundary.
    pub(super) fn last_boundary(&self) -> u32 {
        self.stacks.boundaries().saturating_sub(1)
    }

    /// The number that the next boundary will have.
    pub(super) fn next_boundary(&self) -> u32 {
        self.stacks.boundaries()
    }

    /// Records a watch point; they come in order of native offset.
    pub(super) fn add_watch(&mut self, native: u32, boundary: u32, offset: u64) {
        if self.unrecorded {
            return;
        }
        self.watches.push(WatchPoint {
            native,
            boundary,
            offset: offset as u32,
        });
    }

    /// Records the stack as it is now.
    pub(super) fn note(&mut self, stack: &mut ValueStack) -> Moment {
        if self.unrecorded {
            return Moment::default();
        }
        self.stacks.note(stack)
    }

    /// Records a site and gives its number; where it returns to may be said later.
    pub(super) fn add_site(&mut self, kind: SiteKind, offset: u64, native: u32, stack: Moment) -> u32 {
        if self.unrecorded {
            return 0;
        }
        self.sites.push(Site {
            native,
            kind,
            offset: offset as u32,
            stack,
        });
        self.sites.len() as u32 - 1
    }

    /// Says where a site returns to.
    pub(super) fn site_returns(&mut self, site: u32, native: u32) {
        if let Some(site) = self.sites.get_mut(site as usize) {
            site.native = native;
        }
    }

    /// Records a trap point; they come in order of native offset.
    pub(super) fn add_trap(&mut self, native: u32, kind: TrapKind, boundary: u32, stack: Option<Moment>) {
        if self.unrecorded {
            return;
        }
        self.traps.push(TrapPoint {
            native,
            kind,
            boundary,
            stack,
        });
    }

    /// Ends recording.
    pub(super) fn seal(&mut self, homes: Vec<Home>) {
        if self.unrecorded {
            return;
        }
        self.homes = homes;
        self.sites_by_native = self
            .sites
            .iter()
            .enumerate()
            .map(|(number, site)| (site.native, number as u32))
            .collect();
        self.sites_by_native.sort_unstable();
    }

    /// Records where operands are when a memory instruction faults, if not where they were at its boundary.
    pub(super) fn add_fault(&mut self, native: u32, stack: Moment) {
        if self.unrecorded {
            return;
        }
        self.faults.push(Fault { native, stack });
    }
}
