//! Calls.

use super::super::compiler::Compiler;
use super::super::frame_map::{Loc, Operand, SiteKind};
use super::super::masm::{Cond, Masm, Size};
use super::super::regs::{CALLEE_REF, Gpr, Xmm};
use crate::error::TrapKind;
use crate::layout::{ArgPlace, CallLayout, func_ref};
use crate::types::{FuncType, ValType};
use smallvec::SmallVec;

/// Where arguments go that have no register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackArguments {
    /// The frame's outgoing area.
    Outgoing,
    /// Where this function's own arguments came, for a callee that takes the frame's place.
    Incoming,
}

impl<'a, M: Masm> Compiler<'a, M> {
    pub fn call(&mut self, func: u32) {
        let module = self.module;
        let (ty, layout) = (module.func_type(func), module.func_layout(func));
        let first = self.stack.len().saturating_sub(ty.params.len());
        self.spill_temps_below(first);
        self.save_homes();
        self.move_arguments(layout, first, false);
        self.load_func_ref(CALLEE_REF, func);
        self.finish_call(ty, layout, func < self.module.imported_funcs);
    }

    pub fn call_indirect(&mut self, type_index: u32, table: u32) {
        if let Some((ty, layout, first)) = self.indirect_callee(type_index, table) {
            self.move_arguments(layout, first, true);
            self.finish_call(ty, layout, true);
        }
    }

    /// Takes the index off the stack and the function there into the callee register, if it is of the type; saves
    /// homes. The type, its layout, and the stack index of the first argument.
    pub fn indirect_callee(
        &mut self,
        type_index: u32,
        table: u32,
    ) -> Option<(&'a FuncType, &'a CallLayout, usize)> {
        let (ty, layout, first) = self.callee_on_top(type_index)?;
        self.need_gprs(3);
        self.settle();
        let index = self.pop();
        let index = self.in_gpr(index);
        let callee = self.table_element(table, index, TrapKind::UndefinedElement);
        self.masm.load_field(callee, callee, 0);
        let null = self.trap(TrapKind::IndirectCallToNull);
        self.masm.test(Size::S64, callee);
        self.masm.jump_if(Cond::Equal, null);
        let mismatch = self.trap(TrapKind::IndirectCallTypeMismatch);
        let number = self.take_gpr();
        self.masm
            .load_vmctx32(number, self.layout.type_ids + 4 * type_index);
        self.masm.compare_field(Size::S32, number, callee, func_ref::TYPE);
        self.masm.jump_if(Cond::NotEqual, mismatch);
        self.save_homes();
        self.masm.mov(CALLEE_REF, callee);
        Some((ty, layout, first))
    }

    /// The type of a callee that lies on its arguments, its layout, and the stack index of the first argument. What
    /// lies below is sent to its slots.
    fn callee_on_top(&mut self, type_index: u32) -> Option<(&'a FuncType, &'a CallLayout, usize)> {
        let module = self.module;
        let index = type_index as usize;
        let (Some(ty), Some(layout)) = (module.types.get(index), module.call_layouts.get(index)) else {
            self.broken = Some("no such type");
            return None;
        };
        let first = self.stack.len().saturating_sub(ty.params.len() + 1);
        self.spill_temps_below(first);
        Some((ty, layout, first))
    }

    pub fn call_ref(&mut self, type_index: u32) {
        if let Some((ty, layout, first)) = self.ref_callee(type_index) {
            self.move_arguments(layout, first, true);
            self.finish_call(ty, layout, true);
        }
    }

    /// Takes a reference off the stack and into the callee register; saves homes. The type, its layout, and the stack
    /// index of the first argument.
    pub fn ref_callee(&mut self, type_index: u32) -> Option<(&'a FuncType, &'a CallLayout, usize)> {
        let (ty, layout, first) = self.callee_on_top(type_index)?;
        self.need_gprs(1);
        self.settle();
        let reference = self.pop();
        let callee = self.in_gpr(reference);
        let null = self.trap(TrapKind::NullFunctionReference);
        self.masm.test(Size::S64, callee);
        self.masm.jump_if(Cond::Equal, null);
        self.save_homes();
        self.masm.mov(CALLEE_REF, callee);
        Some((ty, layout, first))
    }

    /// An argument's place at a call, when homes have been saved and `callee_taken` says that the register of the
    /// callee, which may be a home, has been overwritten.
    fn argument_place(&self, entry: Operand, callee_taken: bool) -> Loc {
        match (entry.loc, self.place(entry)) {
            (Loc::Local(local), Loc::Gpr(reg)) if callee_taken && reg == CALLEE_REF.0 => self
                .homes
                .get(local as usize)
                .map_or(Loc::Const(0), |home| Loc::Slot(home.slot)),
            (_, place) => place,
        }
    }

    /// Moves the entries from `first` up to where the callee expects its arguments, and drops them.
    pub fn move_arguments(&mut self, layout: &CallLayout, first: usize, callee_taken: bool) {
        self.reserve_outgoing(layout.stack_bytes);
        self.place_arguments(layout, first, callee_taken, StackArguments::Outgoing);
        self.stack.truncate(first);
    }

    /// The same, with the entries left as they were.
    pub fn place_arguments(
        &mut self,
        layout: &CallLayout,
        first: usize,
        callee_taken: bool,
        to: StackArguments,
    ) {
        let args: SmallVec<[(Operand, Loc, ArgPlace); 8]> = (layout.params.iter().enumerate())
            .filter_map(|(index, &place)| {
                let entry = self.stack.get(first + index)?;
                Some((entry, self.argument_place(entry, callee_taken), place))
            })
            .collect();
        // Into memory first: that takes no register.
        for &(entry, from, place) in &args {
            let wide = entry.ty == ValType::V128;
            if let (ArgPlace::Stack(offset), StackArguments::Incoming) = (place, to) {
                self.store_entry(16 + offset as i32, Operand { loc: from, ..entry });
            } else if let ArgPlace::Stack(offset) = place {
                match from {
                    Loc::Gpr(reg) => self.masm.store_outgoing(offset, Gpr(reg)),
                    Loc::Xmm(reg) if wide => self.masm.vstore_outgoing(offset, Xmm(reg)),
                    Loc::Xmm(reg) => self.masm.fstore_outgoing(offset, Xmm(reg)),
                    Loc::Const(bits) => {
                        self.masm.store_outgoing_imm(offset, bits);
                        if wide {
                            self.masm.store_outgoing_imm(offset + 8, 0);
                        }
                    }
                    Loc::Slot(slot) if wide => self.masm.vcopy_to_outgoing(offset, slot),
                    Loc::Slot(slot) => self.masm.copy_to_outgoing(offset, slot),
                    Loc::Local(_) | Loc::Flags(_) | Loc::Arith(_) => {
                        self.broken = Some("an argument without a place")
                    }
                }
            }
        }
        // Register to register next: a register is written when no move still reads it; cycles are exchanged.
        let mut gprs: SmallVec<[(Gpr, Gpr); 8]> = SmallVec::new();
        let mut xmms: SmallVec<[(Xmm, Xmm); 8]> = SmallVec::new();
        for &(_, from, place) in &args {
            match (from, place) {
                (Loc::Gpr(from), ArgPlace::Gpr(to)) => gprs.push((Gpr(to), Gpr(from))),
                (Loc::Xmm(from), ArgPlace::Xmm(to)) => xmms.push((Xmm(to), Xmm(from))),
                _ => {}
            }
        }
        self.move_gprs(gprs);
        self.move_xmms(xmms);
        // Then what reads no argument register.
        for &(entry, from, place) in &args {
            let entry = Operand { loc: from, ..entry };
            match (from, place) {
                (Loc::Const(_) | Loc::Slot(_), ArgPlace::Gpr(to)) => self.load_gpr(Gpr(to), entry),
                (Loc::Const(_) | Loc::Slot(_), ArgPlace::Xmm(to)) => self.load_xmm(Xmm(to), entry),
                _ => {}
            }
        }
    }

    fn move_gprs(&mut self, mut moves: SmallVec<[(Gpr, Gpr); 8]>) {
        moves.retain(|(to, from)| to != from);
        while !moves.is_empty() {
            match moves
                .iter()
                .position(|&(to, _)| moves.iter().all(|&(_, from)| from != to))
            {
                Some(ready) => {
                    let (to, from) = moves.swap_remove(ready);
                    self.masm.mov(to, from);
                }
                None => {
                    let Some((to, from)) = moves.pop() else { return };
                    self.masm.xchg(to, from);
                    for (_, source) in &mut moves {
                        if *source == to {
                            *source = from;
                        } else if *source == from {
                            *source = to;
                        }
                    }
                    moves.retain(|(to, from)| to != from);
                }
            }
        }
    }

    fn move_xmms(&mut self, mut moves: SmallVec<[(Xmm, Xmm); 8]>) {
        moves.retain(|(to, from)| to != from);
        while !moves.is_empty() {
            match moves
                .iter()
                .position(|&(to, _)| moves.iter().all(|&(_, from)| from != to))
            {
                Some(ready) => {
                    let (to, from) = moves.swap_remove(ready);
                    self.masm.fmov(to, from);
                }
                None => {
                    let Some((to, from)) = moves.pop() else { return };
                    self.masm.fswap(to, from);
                    for (_, source) in &mut moves {
                        if *source == to {
                            *source = from;
                        } else if *source == from {
                            *source = to;
                        }
                    }
                    moves.retain(|(to, from)| to != from);
                }
            }
        }
    }

    pub fn finish_call(&mut self, ty: &FuncType, layout: &CallLayout, other_instance: bool) {
        self.known.copies.forget_all();
        let native = self.masm.call_ref(other_instance);
        self.site(SiteKind::Call, native);
        if other_instance {
            self.masm.restore_instance(!self.module.memories.is_empty());
        }
        self.reload_homes();
        for (&result, &place) in ty.results.iter().zip(&layout.results) {
            match place {
                ArgPlace::Gpr(reg) => self.push_gpr(result, Gpr(reg)),
                ArgPlace::Xmm(reg) => self.push_xmm(result, Xmm(reg)),
                ArgPlace::Stack(offset) => {
                    let slot = self.next_slot(result);
                    match result {
                        ValType::V128 => self.masm.vcopy_from_outgoing(slot, offset),
                        _ => self.masm.copy_from_outgoing(slot, offset),
                    }
                    self.stack.push(result, Loc::Slot(slot));
                }
            }
        }
    }
}
