//! Operands in and out of registers: taking temporaries, moving entries, reading and writing locals.
//!
//! # Invariants
//! - A register taken or popped during an instruction stays taken until the instruction ends (`pinned`).
//! - Everything here keeps the flags, so it may stand between a comparison and its consumer. Making NaNs canonical does
//!   not, so that nothing is left to be made so where flags are.
//!
//! Must not know: what operators do.

use super::compiler::Compiler;
use super::frame_map::{Home, Loc, Operand};
use super::masm::{Cond, FloatSrc, IntSrc, Masm, Size};
use super::regs::{FLOAT_TEMPS, Gpr, TEMPS, Xmm};
use super::value_stack::slot_words;
use crate::types::ValType;

/// The width of a float's register moves and constants.
pub(super) fn float_size(ty: ValType) -> Size {
    if ty == ValType::F32 { Size::S32 } else { Size::S64 }
}

impl<M: Masm> Compiler<'_, M> {
    /// The slot of a value of a type with so many words below it.
    pub fn slot_above(&self, words: u32, ty: ValType) -> i32 {
        self.first_slot - 8 * (words + slot_words(ty) - 1) as i32
    }

    /// The canonical slot of a value of a type that is pushed next.
    pub fn next_slot(&self, ty: ValType) -> i32 {
        self.slot_above(self.stack.words_below(self.stack.len()), ty)
    }

    /// Slot to vector register, as wide as the type.
    pub fn load_vector(&mut self, dst: Xmm, ty: ValType, slot: i32) {
        match ty {
            ValType::V128 => self.masm.vload_slot(dst, slot),
            _ => self.masm.fload_slot(dst, slot),
        }
    }

    /// Vector register to slot.
    pub fn store_vector(&mut self, slot: i32, ty: ValType, src: Xmm) {
        match ty {
            ValType::V128 => self.masm.vstore_slot(slot, src),
            _ => self.masm.fstore_slot(slot, src),
        }
    }

    /// Slot to slot.
    pub fn copy_value(&mut self, dst: i32, ty: ValType, src: i32) {
        match ty {
            ValType::V128 => self.masm.vcopy_slot(dst, src),
            _ => self.masm.copy_slot(dst, src),
        }
    }

    /// Pops an entry; its register stays taken until the instruction ends. A NaN in it is canonical.
    pub fn pop(&mut self) -> Operand {
        let entry = self.pop_arith();
        self.made_canonical(entry)
    }

    /// Makes an entry canonical, if arithmetic left it, and may not have. Clobbers flags.
    fn made_canonical(&mut self, entry: Operand) -> Operand {
        let Loc::Arith(reg) = entry.loc else {
            return entry;
        };
        self.masm.make_canonical(float_size(entry.ty), Xmm(reg));
        let loc = Loc::Xmm(reg);
        Operand { loc, ..entry }
    }

    /// Makes all entries canonical. Clobbers flags, if there is one to be made so.
    pub fn make_all_canonical(&mut self) {
        self.has_arith = false;
        for reg in FLOAT_TEMPS {
            if let Some(index) = self.stack.in_xmm(reg)
                && let Some(entry) = self.stack.get(index)
                && matches!(entry.loc, Loc::Arith(_))
            {
                let entry = self.made_canonical(entry);
                self.stack.relocate(index, entry.loc);
                self.stale = true;
            }
        }
    }

    /// Pops an entry whose NaN need not be canonical: for instructions whose result depends on no more than that it is
    /// a NaN.
    pub fn pop_arith(&mut self) -> Operand {
        match self.stack.pop() {
            Some(entry) => {
                match entry.loc {
                    Loc::Gpr(reg) => self.pinned.add(Gpr(reg)),
                    Loc::Xmm(reg) | Loc::Arith(reg) => self.pinned.add_float(Xmm(reg)),
                    _ => {}
                }
                entry
            }
            None => {
                self.broken = Some("popped an empty stack");
                Operand {
                    ty: ValType::I32,
                    loc: Loc::Const(0),
                }
            }
        }
    }

    /// Pushes a value in an integer register.
    pub fn push_gpr(&mut self, ty: ValType, reg: Gpr) {
        self.known.copies.forget(Loc::Gpr(reg.0));
        self.stack.push(ty, Loc::Gpr(reg.0));
    }

    /// Pushes a value in a vector register.
    pub fn push_xmm(&mut self, ty: ValType, reg: Xmm) {
        self.known.copies.forget(Loc::Xmm(reg.0));
        self.stack.push(ty, Loc::Xmm(reg.0));
    }

    /// Pushes what arithmetic left in a vector register.
    pub fn push_arith(&mut self, ty: ValType, reg: Xmm) {
        self.known.copies.forget(Loc::Xmm(reg.0));
        self.has_arith = true;
        self.stack.push(ty, Loc::Arith(reg.0));
    }

    /// Pushes an `i32` truth: in the flags if the next operator takes it from there.
    pub fn push_cond(&mut self, cond: Cond) {
        if self.flags_wanted {
            self.stack.push(ValType::I32, Loc::Flags(cond.code()));
        } else {
            let dst = self.take_gpr();
            self.masm.set_cond(cond, dst);
            self.push_gpr(ValType::I32, dst);
        }
    }

    fn is_free(&self, reg: Gpr) -> bool {
        self.stack.in_gpr(reg).is_none() && !self.pinned.has(reg)
    }

    fn is_free_float(&self, reg: Xmm) -> bool {
        self.stack.in_xmm(reg).is_none() && !self.pinned.has_float(reg)
    }

    /// Whether a local's value will be wanted from here on: by entries that stand for it, or by code to come.
    pub fn is_read_again(&self, local: u32) -> bool {
        self.reads_left.get(local as usize).is_some_and(|&left| left > 0) || self.stack.alias(local).is_some()
    }

    /// How much the copy in a register is worth: nothing if there is none that is read again, else the more, the
    /// younger it is.
    fn copy_worth(&self, register: Loc) -> u32 {
        match self.known.copies.in_register(register) {
            Some((local, age)) if self.is_read_again(local) => age,
            _ => 0,
        }
    }

    /// The free temporary that can be spared best.
    fn find_gpr(&self) -> Option<Gpr> {
        let mut best = None;
        for reg in TEMPS.into_iter().filter(|&reg| self.is_free(reg)) {
            match self.copy_worth(Loc::Gpr(reg.0)) {
                0 => return Some(reg),
                worth if best.is_none_or(|(least, _)| worth < least) => best = Some((worth, reg)),
                _ => {}
            }
        }
        best.map(|(_, reg)| reg)
    }

    /// The free float temporary that can be spared best.
    fn find_xmm(&self) -> Option<Xmm> {
        let mut best = None;
        for reg in FLOAT_TEMPS.into_iter().filter(|&reg| self.is_free_float(reg)) {
            match self.copy_worth(Loc::Xmm(reg.0)) {
                0 => return Some(reg),
                worth if best.is_none_or(|(least, _)| worth < least) => best = Some((worth, reg)),
                _ => {}
            }
        }
        best.map(|(_, reg)| reg)
    }

    /// A free temporary without a copy worth keeping, taken.
    fn spare_gpr(&mut self) -> Option<Gpr> {
        let reg = self
            .find_gpr()
            .filter(|reg| self.copy_worth(Loc::Gpr(reg.0)) == 0)?;
        self.known.copies.forget(Loc::Gpr(reg.0));
        self.pinned.add(reg);
        Some(reg)
    }

    /// A free float temporary without a copy worth keeping, taken.
    fn spare_xmm(&mut self) -> Option<Xmm> {
        let reg = self
            .find_xmm()
            .filter(|reg| self.copy_worth(Loc::Xmm(reg.0)) == 0)?;
        self.known.copies.forget(Loc::Xmm(reg.0));
        self.pinned.add_float(reg);
        Some(reg)
    }

    /// Takes a temporary, sending the lowest entry that has one to its slot if none is free.
    pub fn take_gpr(&mut self) -> Gpr {
        self.need_gprs(1);
        let reg = self.find_gpr().unwrap_or_else(|| {
            self.broken = Some("no integer register left");
            TEMPS[0]
        });
        self.known.copies.forget(Loc::Gpr(reg.0));
        self.pinned.add(reg);
        reg
    }

    /// Takes a float temporary likewise.
    pub fn take_xmm(&mut self) -> Xmm {
        self.need_xmms(1);
        let reg = self.find_xmm().unwrap_or_else(|| {
            self.broken = Some("no float register left");
            FLOAT_TEMPS[0]
        });
        self.known.copies.forget(Loc::Xmm(reg.0));
        self.pinned.add_float(reg);
        reg
    }

    /// Frees so many temporaries.
    pub fn need_gprs(&mut self, count: usize) {
        while TEMPS.iter().filter(|&&reg| self.is_free(reg)).count() < count {
            let held = TEMPS
                .iter()
                .filter(|&&reg| !self.pinned.has(reg))
                .filter_map(|&reg| self.stack.in_gpr(reg));
            let Some(lowest) = held.min() else { return };
            self.spill(lowest);
        }
    }

    /// Frees so many float temporaries.
    pub fn need_xmms(&mut self, count: usize) {
        while FLOAT_TEMPS.iter().filter(|&&reg| self.is_free_float(reg)).count() < count {
            let held = (FLOAT_TEMPS.iter().filter(|&&reg| !self.pinned.has_float(reg)))
                .filter_map(|&reg| self.stack.in_xmm(reg));
            let Some(lowest) = held.min() else { return };
            self.spill(lowest);
        }
    }

    /// Moves whatever entry is in `reg` elsewhere, and takes `reg`.
    pub fn vacate(&mut self, reg: Gpr) {
        self.pinned.add(reg);
        self.known.copies.forget(Loc::Gpr(reg.0));
        if let Some(index) = self.stack.in_gpr(reg) {
            match self.find_gpr() {
                Some(free) => {
                    self.known.copies.forget(Loc::Gpr(free.0));
                    self.masm.mov(free, reg);
                    self.stack.relocate(index, Loc::Gpr(free.0));
                    self.stale = true;
                }
                None => self.spill(index),
            }
        }
    }

    /// Sends an entry to its slot.
    pub fn spill(&mut self, index: usize) {
        let Some(entry) = self.stack.get(index) else {
            return;
        };
        let slot = self.slot_above(self.stack.words_below(index), entry.ty);
        if entry.loc != Loc::Slot(slot) {
            let entry = self.made_canonical(entry);
            self.store_entry(slot, entry);
            self.stack.relocate(index, Loc::Slot(slot));
            self.stale = true;
        }
    }

    /// Sends entries in temporaries, below a height, to their slots.
    pub fn spill_temps_below(&mut self, height: usize) {
        for reg in TEMPS {
            if let Some(index) = self.stack.in_gpr(reg).filter(|&index| index < height) {
                self.spill(index);
            }
        }
        for reg in FLOAT_TEMPS {
            if let Some(index) = self.stack.in_xmm(reg).filter(|&index| index < height) {
                self.spill(index);
            }
        }
    }

    /// Sends all entries but constants to their slots, and the top `also_constants` whatever they are: what
    /// control frames need.
    pub fn flush(&mut self, also_constants: usize) {
        let constants_from = self.stack.len().saturating_sub(also_constants);
        for index in self.stack.settled()..constants_from {
            let constant = (self.stack.get(index)).is_some_and(|entry| matches!(entry.loc, Loc::Const(_)));
            if !constant {
                self.spill(index);
            }
        }
        for index in constants_from..self.stack.len() {
            self.spill(index);
        }
        self.stack.all_settled();
    }

    /// A local's home outside calls.
    pub fn home_place(&self, local: u32) -> Loc {
        match self.homes.get(local as usize) {
            Some(home) => home.register.unwrap_or(Loc::Slot(home.slot)),
            None => Loc::Const(0),
        }
    }

    /// Where a local is read: in its home, or in a copy if that is a slot.
    pub fn local_place(&self, local: u32) -> Loc {
        match self.home_place(local) {
            Loc::Slot(slot) => self.known.copies.of(local).unwrap_or(Loc::Slot(slot)),
            place => place,
        }
    }

    /// An entry's place with aliases resolved: a constant, register, slot or the flags.
    pub fn place(&self, entry: Operand) -> Loc {
        match entry.loc {
            Loc::Local(local) => self.local_place(local),
            other => other,
        }
    }

    /// Stores an entry's value to a slot.
    pub fn store_entry(&mut self, slot: i32, entry: Operand) {
        match self.place(entry) {
            Loc::Const(bits) => {
                self.masm.store_slot_imm(slot, bits);
                if entry.ty == ValType::V128 {
                    self.masm.store_slot_imm(slot + 8, 0);
                }
            }
            Loc::Gpr(reg) => self.masm.store_slot(slot, Gpr(reg)),
            Loc::Xmm(reg) => self.store_vector(slot, entry.ty, Xmm(reg)),
            Loc::Slot(from) => self.copy_value(slot, entry.ty, from),
            Loc::Flags(code) => {
                // Flags never live longer than the next operator, which takes them; nothing stores them.
                let dst = self.take_gpr();
                self.masm.set_cond(Cond::from_code(code), dst);
                self.masm.store_slot(slot, dst);
            }
            Loc::Local(_) => {}
            Loc::Arith(_) => self.broken = Some("a float that is not canonical"),
        }
    }

    /// Loads an entry's value into a given integer register.
    pub fn load_gpr(&mut self, dst: Gpr, entry: Operand) {
        match self.place(entry) {
            Loc::Const(bits) => self.masm.mov_imm(dst, bits),
            Loc::Gpr(reg) => self.masm.mov(dst, Gpr(reg)),
            Loc::Slot(slot) => self.masm.load_slot(dst, slot),
            Loc::Flags(code) => self.masm.set_cond(Cond::from_code(code), dst),
            Loc::Xmm(_) | Loc::Arith(_) | Loc::Local(_) => {
                self.broken = Some("a float where an integer belongs")
            }
        }
    }

    /// Loads an entry's value into a given vector register.
    pub fn load_xmm(&mut self, dst: Xmm, entry: Operand) {
        match self.place(entry) {
            Loc::Const(bits) => self.masm.fconst(float_size(entry.ty), dst, bits),
            Loc::Xmm(reg) | Loc::Arith(reg) => self.masm.fmov(dst, Xmm(reg)),
            Loc::Slot(slot) => self.load_vector(dst, entry.ty, slot),
            Loc::Gpr(_) | Loc::Flags(_) | Loc::Local(_) => {
                self.broken = Some("an integer where a float belongs");
            }
        }
    }

    /// The entry in some register, to read: its own, a local's home, or a temporary.
    pub fn in_gpr(&mut self, entry: Operand) -> Gpr {
        if let Loc::Gpr(reg) = self.place(entry) {
            // It may be a copy.
            self.pinned.add(Gpr(reg));
            return Gpr(reg);
        }
        let dst = self.take_gpr();
        self.load_gpr(dst, entry);
        self.keep_copy(Loc::Gpr(dst.0), entry);
        dst
    }

    /// Says that a temporary, just loaded, holds what an entry stands for.
    fn keep_copy(&mut self, register: Loc, entry: Operand) {
        if let Loc::Local(local) = entry.loc
            && self.is_read_again(local)
        {
            self.known.copies.hold(register, local);
        }
    }

    /// The entry in a temporary that may be overwritten.
    pub fn in_temp(&mut self, entry: Operand) -> Gpr {
        if let Loc::Gpr(reg) = entry.loc {
            self.known.copies.forget(entry.loc);
            return Gpr(reg);
        }
        let dst = self.take_gpr();
        self.load_gpr(dst, entry);
        dst
    }

    /// The entry in some vector register, to read.
    pub fn in_xmm(&mut self, entry: Operand) -> Xmm {
        if let Loc::Xmm(reg) | Loc::Arith(reg) = self.place(entry) {
            self.pinned.add_float(Xmm(reg));
            return Xmm(reg);
        }
        let dst = self.take_xmm();
        self.load_xmm(dst, entry);
        self.keep_copy(Loc::Xmm(dst.0), entry);
        dst
    }

    /// The entry in a float temporary that may be overwritten.
    pub fn in_float_temp(&mut self, entry: Operand) -> Xmm {
        if let Loc::Xmm(reg) = entry.loc {
            self.known.copies.forget(entry.loc);
            return Xmm(reg);
        }
        let dst = self.take_xmm();
        self.load_xmm(dst, entry);
        dst
    }

    /// The entry as a right-hand side of an operation of a width.
    pub fn int_src(&mut self, size: Size, entry: Operand) -> IntSrc {
        match self.place(entry) {
            Loc::Const(bits) => {
                let imm = match size {
                    Size::S32 => Some(bits as u32 as i32),
                    Size::S64 => i32::try_from(bits as i64).ok(),
                };
                match imm {
                    Some(imm) => IntSrc::Imm(imm),
                    None => IntSrc::Reg(self.in_gpr(entry)),
                }
            }
            Loc::Slot(slot) if !self.is_worth_loading(entry) => IntSrc::Slot(slot),
            _ => IntSrc::Reg(self.in_gpr(entry)),
        }
    }

    /// Whether an entry in a slot is a local that is read again, and there is a temporary to spare for a copy.
    fn is_worth_loading(&self, entry: Operand) -> bool {
        let spare = |register: Option<Loc>| register.is_some_and(|register| self.copy_worth(register) == 0);
        match entry.loc {
            Loc::Local(local) if self.is_read_again(local) => match entry.ty.is_float() {
                true => spare(self.find_xmm().map(|reg| Loc::Xmm(reg.0))),
                false => spare(self.find_gpr().map(|reg| Loc::Gpr(reg.0))),
            },
            _ => false,
        }
    }

    /// The entry as a right-hand side of a float operation.
    pub fn float_src(&mut self, entry: Operand) -> FloatSrc {
        match self.place(entry) {
            Loc::Const(bits) => FloatSrc::Bits(bits),
            Loc::Slot(slot) if !self.is_worth_loading(entry) => FloatSrc::Slot(slot),
            _ => FloatSrc::Reg(self.in_xmm(entry)),
        }
    }

    /// A register for a result computed from `reg`: `reg` itself if it is a temporary without a
    /// copy that can be kept.
    pub fn result_gpr(&mut self, reg: Gpr) -> Gpr {
        if !TEMPS.contains(&reg) {
            return self.take_gpr();
        }
        if self.copy_worth(Loc::Gpr(reg.0)) > 0
            && let Some(spare) = self.spare_gpr()
        {
            return spare;
        }
        self.known.copies.forget(Loc::Gpr(reg.0));
        reg
    }

    /// A float register for a result computed from `reg`, likewise.
    pub fn result_xmm(&mut self, reg: Xmm) -> Xmm {
        if !FLOAT_TEMPS.contains(&reg) {
            return self.take_xmm();
        }
        if self.copy_worth(Loc::Xmm(reg.0)) > 0
            && let Some(spare) = self.spare_xmm()
        {
            return spare;
        }
        self.known.copies.forget(Loc::Xmm(reg.0));
        reg
    }

    /// Gives entries that stand for a local a place of their own, because it is about to change.
    pub fn detach_aliases(&mut self, local: u32) {
        while let Some(index) = self.stack.alias(local) {
            let Some(entry) = self.stack.get(index) else {
                return;
            };
            if entry.ty.is_float() {
                match self.find_xmm() {
                    Some(free) => {
                        self.load_xmm(free, entry);
                        self.known.copies.forget(Loc::Xmm(free.0));
                        self.stack.relocate(index, Loc::Xmm(free.0));
                    }
                    None => self.spill(index),
                }
            } else {
                match self.find_gpr() {
                    Some(free) => {
                        self.load_gpr(free, entry);
                        self.known.copies.forget(Loc::Gpr(free.0));
                        self.stack.relocate(index, Loc::Gpr(free.0));
                    }
                    None => self.spill(index),
                }
            }
            self.stale = true;
        }
    }

    /// Writes a popped entry to a local.
    pub fn write_local(&mut self, local: u32, entry: Operand) {
        if entry.loc == Loc::Local(local) {
            return;
        }
        self.detach_aliases(local);
        match self.home_place(local) {
            Loc::Gpr(reg) => self.load_gpr(Gpr(reg), entry),
            Loc::Xmm(reg) => self.load_xmm(Xmm(reg), entry),
            Loc::Slot(slot) => self.write_slot(local, slot, entry),
            Loc::Const(_) | Loc::Local(_) | Loc::Flags(_) | Loc::Arith(_) => {}
        }
        self.known.synced.remove(self.home_place(local));
    }

    /// Writes a popped entry to a local in a slot; the temporary it comes from, or came through, is a copy.
    fn write_slot(&mut self, local: u32, slot: i32, entry: Operand) {
        self.known.copies.forget_local(local);
        let mut entry = entry;
        match self.place(entry) {
            Loc::Flags(code) => {
                let reg = self.take_gpr();
                self.masm.set_cond(Cond::from_code(code), reg);
                entry.loc = Loc::Gpr(reg.0);
            }
            Loc::Slot(_) | Loc::Const(_) if self.is_read_again(local) => {
                if entry.ty.is_float() {
                    if let Some(reg) = self.spare_xmm() {
                        self.load_xmm(reg, entry);
                        entry.loc = Loc::Xmm(reg.0);
                    }
                } else if let Some(reg) = self.spare_gpr() {
                    self.load_gpr(reg, entry);
                    entry.loc = Loc::Gpr(reg.0);
                }
            }
            _ => {}
        }
        self.store_entry(slot, entry);
        let place = self.place(entry);
        let temporary = match place {
            Loc::Gpr(reg) => TEMPS.contains(&Gpr(reg)),
            Loc::Xmm(reg) => FLOAT_TEMPS.contains(&Xmm(reg)),
            _ => false,
        };
        if temporary && self.is_read_again(local) && self.copy_worth(place) == 0 {
            self.known.copies.hold(place, local);
        }
    }

    /// Saves homes that a call does not preserve. Their registers keep the values until the call.
    pub fn save_homes(&mut self) {
        for index in 0..self.unsaved_homes.len() {
            let Some(&Home { ty, register, slot }) = self.unsaved_homes.get(index) else {
                continue;
            };
            match register {
                Some(Loc::Gpr(reg)) if !self.known.synced.has(Gpr(reg)) => {
                    self.masm.store_slot(slot, Gpr(reg));
                    self.known.synced.add(Gpr(reg));
                }
                Some(Loc::Xmm(reg)) if !self.known.synced.has_float(Xmm(reg)) => {
                    self.store_vector(slot, ty, Xmm(reg));
                    self.known.synced.add_float(Xmm(reg));
                }
                _ => {}
            }
        }
    }

    /// Takes them back after a call.
    pub fn reload_homes(&mut self) {
        for index in 0..self.unsaved_homes.len() {
            let Some(&Home { ty, register, slot }) = self.unsaved_homes.get(index) else {
                continue;
            };
            match register {
                Some(Loc::Gpr(reg)) => self.masm.load_slot(Gpr(reg), slot),
                Some(Loc::Xmm(reg)) => self.load_vector(Xmm(reg), ty, slot),
                _ => {}
            }
        }
    }
}
