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
use crate::compile::{self, Cursor, FrameMap, Home, Loc, Operand, Point, PointKind};
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

/// A frame with its block and point.
struct Resolved<'a> {
    raw: RawFrame,
    block: &'a Block,
    map: &'a FrameMap,
    kind: PointKind,
    /// File offset of the instruction.
    offset: u64,
    /// Flags of the guest; known for frame 0 only.
    flags: Option<u64>,
}

/// Where the entries of a frame's operand stack are, bottom first.
enum Operands<'a> {
    Known(&'a [Operand]),
    Found(Vec<Operand>),
    /// As a block's cursor has them.
    Probed(Ref<'a, Cursor>),
}

impl Deref for Operands<'_> {
    type Target = [Operand];

    fn deref(&self) -> &[Operand] {
        match self {
            Operands::Known(operands) => operands,
            Operands::Found(operands) => operands,
            Operands::Probed(cursor) => cursor.stack(),
        }
    }
}

/// A frame of which single values can be read.
pub struct NativeView<'a> {
    native: &'a Native,
    resolved: Resolved<'a>,
    operands: Operands<'a>,
}

impl NativeView<'_> {
    /// Where it stands.
    pub fn head(&self) -> FrameHead {
        self.resolved.head(self.native)
    }

    /// The value of a local.
    pub fn local(&self, index: u32) -> Option<Val> {
        let home = self.resolved.map.homes().get(index as usize)?;
        self.native.read(self.resolved.home(home)?, home.ty)
    }

    /// The value of an operand.
    pub fn operand(&self, index: u32) -> Option<Val> {
        let operand = self.operands.get(index as usize)?;
        self.native.read(self.resolved.place(operand.loc)?, operand.ty)
    }
}

impl Native {
    /// Frame 0 of an activation.
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
                let resolved = Resolved {
                    raw,
                    block,
                    map: block.frame_map(),
                    kind: point.kind,
                    offset: point.offset,
                    flags: None,
                };
                for &loc in locs.iter() {
                    let value = self.read(resolved.place(loc)?, ValType::ExnRef)?;
                    references.push(value.bits() as u64);
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
        let Point {
            kind,
            offset,
            ref operands,
        } = *self.first_point(innermost)?;
        let block = self.block_of_first_frame(innermost)?;
        let resolved = Resolved {
            raw: self.first_frame(innermost)?,
            block,
            map: block.frame_map(),
            kind,
            offset,
            flags: Some(self.context().rflags),
        };
        let first = operands.len().checked_sub(count)?;
        (operands.get(first..)?.iter())
            .map(|operand| {
                let value = self.read(resolved.place(operand.loc)?, operand.ty)?;
                Some((operand.ty, value.bits()))
            })
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

    fn raw(&self, native: &Native, index: u32) -> Option<RawFrame> {
        let innermost = native.activations().len().checked_sub(1)?;
        if index == 0 {
            return native.first_frame(innermost);
        }
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

    fn resolve<'a>(&self, store: &'a Store, index: u32) -> Option<(Resolved<'a>, Operands<'a>)> {
        let native = store.native.as_ref()?;
        let raw = self.raw(native, index)?;
        let innermost = native.activations().len().checked_sub(1)?;
        let resolved = |block: &'a Block, kind: PointKind, offset: u64| Resolved {
            raw,
            block,
            map: block.frame_map(),
            kind,
            offset,
            flags: (index == 0).then_some(native.context().rflags),
        };
        if index > 0 {
            let block = native.variants.block_at(raw.pc)?;
            let point = block.frame_map().point(block.offset_of(raw.pc)?, false)?;
            let operands = Operands::Found(point.operands);
            return Some((resolved(block, point.kind, point.offset), operands));
        }
        let block = native.block_of_first_frame(innermost)?;
        if native.activation()?.probed {
            let native_offset = block.offset_of(raw.pc)?;
            let (map, cursor) = block.frame_map_and_cursor();
            let probed = map.probed(native_offset, &mut cursor.borrow_mut());
            if let Some((number, offset)) = probed {
                let operands = Operands::Probed(cursor.borrow());
                return Some((resolved(block, PointKind::Boundary(number), offset), operands));
            }
        }
        let point = native.first_point(innermost)?;
        Some((
            resolved(block, point.kind, point.offset),
            Operands::Known(&point.operands),
        ))
    }

    /// How many there are.
    pub fn depth(&self, store: &Store) -> u32 {
        let Some(native) = &store.native else { return 0 };
        self.raw(native, u32::MAX - 1);
        self.found.borrow().len() as u32
    }

    /// Where a frame stands.
    pub fn head(&self, store: &Store, index: u32) -> Option<FrameHead> {
        let (resolved, _) = self.resolve(store, index)?;
        Some(resolved.head(store.native.as_ref()?))
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
        let NativeView {
            native,
            resolved,
            operands,
        } = self.view(store, index)?;
        into.head = resolved.head(native);
        into.locals.clear();
        into.operands.clear();
        let homes = resolved.map.homes();
        into.locals.reserve(homes.len());
        into.operands.reserve(operands.len());
        for home in homes {
            into.locals.push(native.read(resolved.home(home)?, home.ty)?);
        }
        for operand in &*operands {
            let place = resolved.place(operand.loc)?;
            into.operands.push(native.read(place, operand.ty)?);
        }
        Some(())
    }

    /// A frame to read single values of.
    pub fn view<'a>(&self, store: &'a Store, index: u32) -> Option<NativeView<'a>> {
        let (resolved, operands) = self.resolve(store, index)?;
        Some(NativeView {
            native: store.native.as_ref()?,
            resolved,
            operands,
        })
    }

    /// Writes a local.
    pub fn set_local(&self, store: &mut Store, frame: u32, index: u32, bits: u128) -> bool {
        let write = || {
            let (resolved, operands) = self.resolve(store, frame)?;
            // An operand that is a copy of the local has no place of its own and would change with it.
            if operands.iter().any(|operand| operand.loc == Loc::Local(index)) {
                return None;
            }
            let home = resolved.map.homes().get(index as usize)?;
            // The slot of a local in a register may be held for equal, and not be written again before a call.
            let mut places = vec![
                resolved.place(Loc::Local(index))?,
                Place::Stack(resolved.slot(home.slot)),
            ];
            if frame == 0 {
                places.extend(resolved.copies(store, index)?);
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
            let (resolved, operands) = self.resolve(store, frame)?;
            let operand = operands.get(index as usize)?;
            if matches!(operand.loc, Loc::Local(_)) {
                return None;
            }
            Some((
                resolved.place(operand.loc)?,
                operand.ty,
                store.checked_bits(operand.ty, bits)?,
            ))
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

impl Resolved<'_> {
    /// Where it stands, in the words of those who look at it.
    fn head(&self, native: &Native) -> FrameHead {
        let first = self.raw.pc_slot == 0;
        let trapped = first && native.activation().is_some_and(|activation| activation.trapped);
        let state = match self.kind {
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
            pc: ModuleOffset(self.offset),
            state,
        }
    }

    /// Where a value is; `None` if this frame cannot tell.
    fn place(&self, loc: Loc) -> Option<Place> {
        let first = self.raw.pc_slot == 0;
        match loc {
            Loc::Const(bits) => Some(Place::Const(bits)),
            Loc::Slot(offset) => Some(Place::Stack(self.slot(offset))),
            Loc::Gpr(register) => match CALLEE_SAVED.iter().position(|&saved| saved == register) {
                Some(index) if self.raw.saved[index] != 0 => Some(Place::Stack(self.raw.saved[index])),
                Some(_) => Some(Place::Gpr(usize::from(register))),
                None => first.then_some(Place::Gpr(usize::from(register))),
            },
            Loc::Xmm(register) => first.then_some(Place::Xmm(usize::from(register))),
            Loc::Arith(register) => first.then_some(Place::Arith(usize::from(register))),
            Loc::Flags(condition) => Some(Place::Flag(holds(condition, self.flags?))),
            Loc::Local(local) => self.home(self.map.homes().get(local as usize)?),
        }
    }

    /// Where a local is.
    fn home(&self, home: &Home) -> Option<Place> {
        let in_call = matches!(self.kind, PointKind::CallSite(_));
        match home.register {
            Some(Loc::Gpr(register)) if !in_call || CALLEE_SAVED.contains(&register) => {
                self.place(Loc::Gpr(register))
            }
            Some(Loc::Xmm(register)) if !in_call => self.place(Loc::Xmm(register)),
            _ => Some(Place::Stack(self.slot(home.slot))),
        }
    }

    /// Registers that hold a local's value beside its home; of frame 0 only. `None` if that cannot be told.
    fn copies(&self, store: &Store, local: u32) -> Option<Vec<Place>> {
        let of = store.instances.get(self.block.instance as usize)?;
        let copies = compile::copies_at(&of.module, &of.layout, self.block.func, self.kind).ok()?;
        (copies.into_iter())
            .filter(|&(of, _)| of == local)
            .map(|(_, register)| self.place(register))
            .collect()
    }

    fn slot(&self, offset: i32) -> u64 {
        self.raw.rbp.wrapping_add_signed(i64::from(offset))
    }
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
    fn read(&self, place: Place, ty: ValType) -> Option<Val> {
        let bits = match place {
            Place::Const(bits) => u128::from(bits),
            Place::Gpr(register) => u128::from(*self.context().gpr.get(register)?),
            Place::Xmm(register) | Place::Arith(register) => *self.context().xmm.get(register)?,
            Place::Stack(address) => self.stack().read_val(address, ty == ValType::V128)?,
            Place::Flag(flag) => u128::from(flag),
        };
        let mut val = Val::from_bits(ty, bits);
        if let Place::Arith(_) = place {
            canonicalize(&mut val);
        }
        Some(val)
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
