//! Frames of compiled code that stands still: found by the chain of frame pointers, read through [`FrameMap`].
//!
//! # Invariants
//! - Nothing but the frame map says where a value is; when a local is written, the compiler says which registers hold
//!   copies of it. A caller's callee-saved registers are looked up where the frames above it saved them, so values are
//!   read and written at the right place.
//! - A place outside the guest stack is never touched, whatever the chain says.
//!
//! Must not know: how code is compiled, what stops mean.

use super::entry::RBP;
use super::host_call::canonicalize;
use super::native::Native;
use super::paused::{Frame, FrameHead, FrameState, FrameToken};
use super::store::Store;
use super::variants::Block;
use crate::compile::{self, Cursor, Home, Loc, Operand, Point, PointKind};
use crate::layout::CALLEE_SAVED;
use crate::types::{Val, ValType};
use std::cell::{Ref, RefCell};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Deref;
use stepwell_debuginfo::ModuleOffset;

/// A frame as the stack has it.
#[derive(Clone, Copy, Debug)]
pub struct RawFrame {
    /// Program counter: of frame 0 where the guest stands, of others the return address.
    pub pc: u64,
    /// Where the program counter lies: 0 for the context of frame 0.
    pub pc_slot: u64,
    /// Frame pointer.
    pub rbp: u64,
    /// Where the callee-saved registers of this frame are: a stack address, 0 for the context.
    pub saved: [u64; CALLEE_SAVED.len()],
}

/// Frames of an activation, found as far as somebody asked.
#[derive(Debug, Default)]
pub struct NativeFrames {
    found: RefCell<Vec<RawFrame>>,
}

/// Where a value is.
#[derive(Clone, Copy, Debug)]
enum Place {
    Const(u64),
    Gpr(usize),
    Xmm(usize),
    Arith(usize),
    Stack(u64),
    Flag(bool),
}

/// How far it is known where a frame stands.
enum Stand<'a> {
    /// Behind the call of a probe: the boundary and its stack are looked up when they are asked for.
    Probed,
    Known(&'a Point),
    Found(Point),
}

/// The entries of a frame's operand stack, bottom first.
enum Operands<'a> {
    Known(&'a [Operand]),
    /// As a block's cursor has them.
    Probed(Ref<'a, Cursor>),
}

impl Deref for Operands<'_> {
    type Target = [Operand];

    fn deref(&self) -> &[Operand] {
        match self {
            Operands::Known(operands) => operands,
            Operands::Probed(cursor) => cursor.stack(),
        }
    }
}

/// A frame of which single values can be read.
pub struct NativeView<'a> {
    native: &'a Native,
    raw: RawFrame,
    block: &'a Block,
    stand: Stand<'a>,
}

impl Native {
    /// Frame 0 of an activation.
    #[inline]
    pub fn first_frame(&self, activation: usize) -> Option<RawFrame> {
        let context = self.context_of(activation)?;
        Some(RawFrame {
            pc: context.rip,
            pc_slot: 0,
            rbp: context.gpr[RBP],
            saved: [0; CALLEE_SAVED.len()],
        })
    }

    /// The caller of a frame; `None` for the outermost.
    pub fn caller(&self, frame: &RawFrame) -> Option<RawFrame> {
        let block = self.variants.block_at(frame.pc)?;
        let pc_slot = frame.rbp.checked_add(8)?;
        let pc = self.stack().read(pc_slot)?;
        let rbp = self.stack().read(frame.rbp)?;
        // Callers are at higher addresses: a chain that does not rise is broken.
        if pc == self.done_stub() || rbp <= frame.rbp {
            return None;
        }
        let mut saved = frame.saved;
        for (register, slot) in block.callee_saved.slots() {
            let index = CALLEE_SAVED.iter().position(|&known| known == register);
            if let Some(place) = index.and_then(|index| saved.get_mut(index)) {
                *place = frame.rbp.wrapping_add_signed(i64::from(slot));
            }
        }
        Some(RawFrame {
            pc,
            pc_slot,
            rbp,
            saved,
        })
    }

    /// References to exceptions in the frames of the innermost activation, and how many frames there are. `None` if
    /// any of them cannot be told.
    pub fn exception_references(&self) -> Option<(Vec<u64>, usize)> {
        let innermost = self.activations().len().checked_sub(1)?;
        let is_exception = |ty: ValType| ty.erased() == ValType::ExnRef;
        let (mut references, mut frames) = (Vec::new(), 0);
        // A recursion has few distinct return addresses.
        let mut known: HashMap<u64, (Point, Vec<Loc>)> = HashMap::new();
        let mut next = self.first_frame(innermost);
        while let Some(raw) = next {
            let first = frames == 0;
            let block = match first {
                true => self.block_of_first_frame(innermost)?,
                false => self.variants.block_at(raw.pc)?,
            };
            let (point, locs) = match known.entry(raw.pc) {
                Entry::Occupied(found) => found.into_mut(),
                Entry::Vacant(place) => {
                    let point = match first {
                        true => self.first_point(innermost)?.clone(),
                        false => block.frame_map().point(block.offset_of(raw.pc)?, false)?,
                    };
                    let homes = block.frame_map().homes().iter().enumerate();
                    let locals = homes
                        .filter(|(_, home)| is_exception(home.ty))
                        .map(|(local, _)| Loc::Local(local as u32));
                    let operands = (point.operands.iter())
                        .filter(|operand| is_exception(operand.ty))
                        .map(|operand| operand.loc);
                    let locs = locals.chain(operands).collect();
                    place.insert((point, locs))
                }
            };
            if !locs.is_empty() {
                let view = NativeView {
                    native: self,
                    raw,
                    block,
                    stand: Stand::Known(point),
                };
                for &loc in locs.iter() {
                    references.push(self.bits(view.place(loc)?, ValType::ExnRef)? as u64);
                }
            }
            frames += 1;
            next = self.caller(&raw);
        }
        Some((references, frames))
    }

    /// The values of the topmost operands of frame 0, with their types.
    pub fn operands_on_top(&self, count: usize) -> Option<Vec<(ValType, u128)>> {
        let innermost = self.activations().len().checked_sub(1)?;
        let point = self.first_point(innermost)?;
        let view = NativeView {
            native: self,
            raw: self.first_frame(innermost)?,
            block: self.block_of_first_frame(innermost)?,
            stand: Stand::Known(point),
        };
        let first = point.operands.len().checked_sub(count)?;
        (point.operands.get(first..)?.iter())
            .map(|operand| Some((operand.ty, self.bits(view.place(operand.loc)?, operand.ty)?)))
            .collect()
    }

    /// The code that frame 0 of an activation stands in.
    pub fn block_of_first_frame(&self, activation: usize) -> Option<&Block> {
        let faulted = self.activations().get(activation)?.faulted;
        let rip = self.context_of(activation)?.rip;
        // A return address belongs to what is before it, a faulting instruction to itself.
        self.variants
            .block_at(if faulted { rip.checked_add(1)? } else { rip })
    }

    /// Where frame 0 of an activation stands.
    pub fn first_point(&self, activation: usize) -> Option<&Point> {
        let state = self.activations().get(activation)?;
        let rip = self.context_of(activation)?.rip;
        let find = || {
            let block = self.block_of_first_frame(activation)?;
            block.frame_map().point(block.offset_of(rip)?, state.faulted)
        };
        state.point.get_or_init(find).as_ref()
    }
}

impl NativeFrames {
    /// Forgets what was found: frames may have moved.
    pub fn forget(&self) {
        self.found.borrow_mut().clear();
    }

    #[inline(always)]
    fn raw(&self, native: &Native, index: u32) -> Option<RawFrame> {
        let innermost = native.activations().len().checked_sub(1)?;
        match index {
            0 => native.first_frame(innermost),
            _ => self.outer(native, innermost, index),
        }
    }

    fn outer(&self, native: &Native, innermost: usize, index: u32) -> Option<RawFrame> {
        let mut found = self.found.borrow_mut();
        if found.is_empty() {
            found.push(native.first_frame(innermost)?);
        }
        while found.len() <= index as usize {
            let next = native.caller(found.last()?)?;
            found.push(next);
        }
        found.get(index as usize).copied()
    }

    /// A frame to read single values of.
    #[inline]
    pub fn view<'a>(&self, store: &'a Store, index: u32) -> Option<NativeView<'a>> {
        let native = store.native.as_ref()?;
        let raw = self.raw(native, index)?;
        let (block, stand) = if index > 0 {
            let block = native.variants.block_at(raw.pc)?;
            let point = block.frame_map().point(block.offset_of(raw.pc)?, false)?;
            (block, Stand::Found(point))
        } else if native.activation()?.probed {
            (native.variants.block_at(raw.pc)?, Stand::Probed)
        } else {
            let innermost = native.activations().len().checked_sub(1)?;
            let point = native.first_point(innermost)?;
            (native.block_of_first_frame(innermost)?, Stand::Known(point))
        };
        Some(NativeView {
            native,
            raw,
            block,
            stand,
        })
    }

    /// How many there are.
    pub fn depth(&self, store: &Store) -> u32 {
        let Some(native) = &store.native else { return 0 };
        self.raw(native, u32::MAX - 1);
        self.found.borrow().len() as u32
    }

    /// Where a frame stands.
    pub fn head(&self, store: &Store, index: u32) -> Option<FrameHead> {
        self.view(store, index)?.head()
    }

    /// A frame's identity.
    pub fn token(&self, store: &Store, index: u32) -> Option<FrameToken> {
        Some(FrameToken(self.raw(store.native.as_ref()?, index)?.rbp))
    }

    /// A frame with its values; `None` also if any of them cannot be told.
    pub fn frame(&self, store: &Store, index: u32) -> Option<Frame> {
        let mut frame = Frame::default();
        self.read_frame(store, index, &mut frame)?;
        Some(frame)
    }

    /// A frame with its values in place of another; `None`, and nothing of use there, if any of them cannot be told.
    pub fn read_frame(&self, store: &Store, index: u32, into: &mut Frame) -> Option<()> {
        let view = self.view(store, index)?;
        let (kind, offset, operands) = view.stands()?;
        into.head = view.head_at(kind, offset);
        into.locals.clear();
        into.operands.clear();
        let homes = view.block.frame_map().homes();
        into.locals.reserve(homes.len());
        into.operands.reserve(operands.len());
        for home in homes {
            let bits = view.native.bits(view.home(home)?, home.ty)?;
            push(&mut into.locals, home.ty, bits);
        }
        for operand in &*operands {
            let bits = view.native.bits(view.place(operand.loc)?, operand.ty)?;
            push(&mut into.operands, operand.ty, bits);
        }
        Some(())
    }

    /// Writes a local.
    pub fn set_local(&self, store: &mut Store, frame: u32, index: u32, bits: u128) -> bool {
        let write = || {
            let view = self.view(store, frame)?;
            let (kind, _, operands) = view.stands()?;
            // An operand that is a copy of the local has no place of its own and would change with it.
            if operands.iter().any(|operand| operand.loc == Loc::Local(index)) {
                return None;
            }
            let home = view.block.frame_map().homes().get(index as usize)?;
            // The slot of a local in a register may be held for equal, and not be written again before a call.
            let mut places = vec![view.home(home)?, Place::Stack(view.slot(home.slot))];
            if frame == 0 {
                places.extend(view.copies(store, kind, index)?);
            }
            Some((places, home.ty, store.checked_bits(home.ty, bits)?))
        };
        let Some((places, ty, bits)) = write() else {
            return false;
        };
        store
            .native
            .as_mut()
            .is_some_and(|native| places.into_iter().all(|place| native.write(place, ty, bits)))
    }

    /// Writes an operand.
    pub fn set_operand(&self, store: &mut Store, frame: u32, index: u32, bits: u128) -> bool {
        let write = || {
            let view = self.view(store, frame)?;
            let operand = *view.stands()?.2.get(index as usize)?;
            if matches!(operand.loc, Loc::Local(_)) {
                return None;
            }
            let (place, ty) = (view.place(operand.loc)?, operand.ty);
            let there = view.native.bits(place, ty)?;
            Some((place, ty, store.checked_operand(ty, there, bits)?))
        };
        let Some((place, ty, bits)) = write() else {
            return false;
        };
        store
            .native
            .as_mut()
            .is_some_and(|native| native.write(place, ty, bits))
    }
}

impl NativeView<'_> {
    /// Where it stands.
    pub fn head(&self) -> Option<FrameHead> {
        let (kind, offset, _) = self.stands()?;
        Some(self.head_at(kind, offset))
    }

    /// The value of a local.
    #[inline]
    pub fn local(&self, index: u32) -> Option<Val> {
        let home = self.block.frame_map().homes().get(index as usize)?;
        Some(Val::from_bits(
            home.ty,
            self.native.bits(self.home(home)?, home.ty)?,
        ))
    }

    /// The value of an operand.
    pub fn operand(&self, index: u32) -> Option<Val> {
        let operand = *self.stands()?.2.get(index as usize)?;
        let bits = self.native.bits(self.place(operand.loc)?, operand.ty)?;
        Some(Val::from_bits(operand.ty, bits))
    }

    /// Its point: what kind, the file offset of the instruction, the operand stack.
    #[inline(always)]
    fn stands(&self) -> Option<(PointKind, u64, Operands<'_>)> {
        if let Some(point) = self.point() {
            return Some((point.kind, point.offset, Operands::Known(&point.operands)));
        }
        let (map, cursor) = self.block.frame_map_and_cursor();
        let native = self.block.offset_of(self.raw.pc)?;
        let (number, offset) = map.probed(native, &mut cursor.borrow_mut())?;
        let operands = Operands::Probed(cursor.borrow());
        Some((PointKind::Boundary(number), offset, operands))
    }

    /// Its point, if that had to be found.
    fn point(&self) -> Option<&Point> {
        match &self.stand {
            Stand::Probed => None,
            Stand::Known(point) => Some(point),
            Stand::Found(point) => Some(point),
        }
    }

    /// Whether it waits for the call of a function.
    fn in_call(&self) -> bool {
        (self.point()).is_some_and(|point| matches!(point.kind, PointKind::CallSite(_)))
    }

    /// Whether it is the innermost.
    fn is_first(&self) -> bool {
        self.raw.pc_slot == 0
    }

    /// Where it stands, in the words of those who look at it.
    fn head_at(&self, kind: PointKind, offset: u64) -> FrameHead {
        let trapped =
            self.is_first() && (self.native.activation()).is_some_and(|activation| activation.trapped);
        let state = match kind {
            PointKind::CallSite(_) => FrameState::InCall,
            PointKind::Trap(_) => FrameState::Trapped,
            _ if trapped => FrameState::Trapped,
            PointKind::Boundary(_)
            | PointKind::TickSite(_)
            | PointKind::LibcallSite(_)
            | PointKind::AfterStore(_) => FrameState::Boundary,
        };
        FrameHead {
            instance: self.block.instance,
            func: self.block.func,
            pc: ModuleOffset(offset),
            state,
        }
    }

    /// Where a value is; `None` if this frame cannot tell.
    #[inline(always)]
    fn place(&self, loc: Loc) -> Option<Place> {
        match loc {
            Loc::Local(local) => self.home(self.block.frame_map().homes().get(local as usize)?),
            Loc::Flags(condition) => {
                (self.is_first()).then(|| Place::Flag(holds(condition, self.native.context().rflags)))
            }
            Loc::Const(bits) => Some(Place::Const(bits)),
            Loc::Slot(offset) => Some(Place::Stack(self.slot(offset))),
            Loc::Gpr(register) => self.gpr(register),
            Loc::Xmm(register) => self.is_first().then_some(Place::Xmm(usize::from(register))),
            Loc::Arith(register) => self.is_first().then_some(Place::Arith(usize::from(register))),
        }
    }

    /// Where an integer register of the frame is.
    #[inline(always)]
    fn gpr(&self, register: u8) -> Option<Place> {
        let here = Place::Gpr(usize::from(register));
        if self.is_first() {
            return Some(here);
        }
        let index = CALLEE_SAVED.iter().position(|&saved| saved == register)?;
        Some(match self.raw.saved[index] {
            0 => here,
            place => Place::Stack(place),
        })
    }

    /// Where a local is.
    #[inline(always)]
    fn home(&self, home: &Home) -> Option<Place> {
        match home.register {
            Some(Loc::Gpr(register)) if !self.in_call() || CALLEE_SAVED.contains(&register) => {
                self.gpr(register)
            }
            Some(Loc::Xmm(register)) if !self.in_call() => {
                (self.is_first()).then_some(Place::Xmm(usize::from(register)))
            }
            _ => Some(Place::Stack(self.slot(home.slot))),
        }
    }

    /// Registers that hold a local's value beside its home; of frame 0 only. `None` if that cannot be told.
    fn copies(&self, store: &Store, kind: PointKind, local: u32) -> Option<Vec<Place>> {
        let of = store.instances.get(self.block.instance as usize)?;
        let copies = compile::copies_at(&of.module, &of.layout, self.block.func, kind).ok()?;
        (copies.into_iter())
            .filter(|&(of, _)| of == local)
            .map(|(_, register)| self.place(register))
            .collect()
    }

    fn slot(&self, offset: i32) -> u64 {
        self.raw.rbp.wrapping_add_signed(i64::from(offset))
    }
}

/// Appends a value of a type with some bits. Made where it stays: the processor waits where what was written in parts is
/// copied as one.
#[inline(always)]
fn push(vals: &mut Vec<Val>, ty: ValType, bits: u128) {
    match ty {
        ValType::I32 => vals.push(Val::I32(bits as i32)),
        ValType::I64 => vals.push(Val::I64(bits as i64)),
        ValType::F32 => vals.push(Val::F32(bits as u32)),
        ValType::F64 => vals.push(Val::F64(bits as u64)),
        _ => vals.push(Val::from_bits(ty, bits)),
    }
}

/// Whether a value is no NaN but the canonical one.
fn is_canonical(val: Val) -> bool {
    let mut canonical = val;
    canonicalize(&mut canonical);
    canonical == val
}

/// Whether an x86 condition code holds for flags.
fn holds(condition: u8, flags: u64) -> bool {
    let flag = |bit: u32| flags >> bit & 1 == 1;
    let (carry, parity, zero, sign, overflow) = (flag(0), flag(2), flag(6), flag(7), flag(11));
    let base = match condition >> 1 & 7 {
        0 => overflow,
        1 => carry,
        2 => zero,
        3 => carry || zero,
        4 => sign,
        5 => parity,
        6 => sign != overflow,
        _ => zero || sign != overflow,
    };
    base != (condition & 1 == 1)
}

impl Native {
    /// The bits of a value.
    #[inline(always)]
    fn bits(&self, place: Place, ty: ValType) -> Option<u128> {
        match place {
            Place::Const(bits) => Some(u128::from(bits)),
            Place::Gpr(register) => Some(u128::from(*self.context().gpr.get(register)?)),
            Place::Xmm(register) => self.context().xmm.get(register).copied(),
            Place::Arith(register) => {
                let mut val = Val::from_bits(ty, *self.context().xmm.get(register)?);
                canonicalize(&mut val);
                Some(val.bits())
            }
            Place::Stack(address) => self.stack().read_val(address, ty == ValType::V128),
            Place::Flag(flag) => Some(u128::from(flag)),
        }
    }

    fn write(&mut self, place: Place, ty: ValType, bits: u128) -> bool {
        match place {
            Place::Const(_) | Place::Flag(_) => false,
            Place::Gpr(register) => match self.context_mut().gpr.get_mut(register) {
                Some(value) => {
                    *value = bits as u64;
                    true
                }
                None => false,
            },
            // It would not stay the one that it is.
            Place::Arith(_) if !is_canonical(Val::from_bits(ty, bits)) => false,
            Place::Xmm(register) | Place::Arith(register) => match self.context_mut().xmm.get_mut(register) {
                Some(value) => {
                    *value = bits;
                    true
                }
                None => false,
            },
            Place::Stack(address) => self.stack_mut().write_val(address, ty == ValType::V128, bits),
        }
    }
}
