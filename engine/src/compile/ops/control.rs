//! Blocks, branches and returns. Values that a branch carries meet in the canonical slots of their label.

use super::super::compiler::{Compiler, Control, ControlKind};
use super::super::frame_map::Loc;
use super::super::masm::{Cond, Masm};
use super::super::value_stack::slot_words;
use crate::error::TrapKind;
use crate::module::value_type;
use crate::types::ValType;
use std::collections::HashMap;
use wasmparser::{BlockType, BrTable};

/// The result of a block that has one and no parameters. Of references, how they are represented.
fn single(ty: wasmparser::ValType) -> &'static [ValType] {
    match ty {
        wasmparser::ValType::I32 => &[ValType::I32],
        wasmparser::ValType::I64 => &[ValType::I64],
        wasmparser::ValType::F32 => &[ValType::F32],
        wasmparser::ValType::F64 => &[ValType::F64],
        wasmparser::ValType::V128 => &[ValType::V128],
        wasmparser::ValType::Ref(_) => match value_type(ty).map(ValType::erased) {
            Some(ValType::ExternRef) => &[ValType::ExternRef],
            Some(ValType::ExnRef) => &[ValType::ExnRef],
            _ => &[ValType::FuncRef],
        },
    }
}

impl<'a, M: Masm> Compiler<'a, M> {
    /// Parameters and results of a block.
    pub fn block_type(&self, ty: BlockType) -> (&'a [ValType], &'a [ValType]) {
        let module = self.module;
        match ty {
            BlockType::Empty => (&[], &[]),
            BlockType::Type(result) => (&[], single(result)),
            BlockType::FuncType(index) => match module.types.get(index as usize) {
                Some(ty) => (&ty.params, &ty.results),
                None => (&[], &[]),
            },
        }
    }

    pub fn open(
        &mut self,
        kind: ControlKind,
        (params, results): (&'a [ValType], &'a [ValType]),
        else_label: Option<M::Label>,
    ) {
        let label = self.masm.label();
        let height = self.stack.len().saturating_sub(params.len());
        self.control.push(Control {
            kind,
            label,
            else_label,
            height,
            params,
            results,
            branched: false,
            covered: self.covering(),
        });
    }

    pub fn block(&mut self, ty: BlockType) {
        let ty = self.block_type(ty);
        self.flush(0);
        self.open(ControlKind::Block, ty, None);
    }

    pub fn loop_(&mut self, ty: BlockType) {
        let ty = self.block_type(ty);
        self.flush(ty.0.len());
        self.open(ControlKind::Loop, ty, None);
        if let Some(label) = self.control.last().map(|control| control.label) {
            self.masm.bind(label);
        }
        self.known.forget();
        self.tick(self.next_at);
    }

    pub fn if_(&mut self, ty: BlockType) {
        let ty = self.block_type(ty);
        let value = self.pop();
        // Moving entries to their slots leaves the flags alone.
        let cond = self.condition(value);
        self.flush(ty.0.len());
        let else_label = self.masm.label();
        self.masm.jump_if(cond.inverted(), else_label);
        self.open(ControlKind::If, ty, Some(else_label));
    }

    pub fn else_(&mut self) {
        let Some(mut control) = self.control.pop() else {
            return;
        };
        self.leave_arm(&mut control);
        if let Some(label) = control.else_label.take() {
            self.masm.bind(label);
        }
        self.restore_stack(control.height, control.params);
        self.reachable = true;
        self.known.forget();
        control.kind = ControlKind::Else;
        self.control.push(control);
    }

    /// From the end of one arm of a construct to the end of the construct, if control gets there.
    pub fn leave_arm(&mut self, control: &mut Control<'_, M::Label>) {
        if self.reachable {
            self.move_results(control.height, control.results.len());
            self.masm.jump(control.label);
            control.branched = true;
        }
    }

    pub fn end(&mut self) {
        let Some(control) = self.control.pop() else { return };
        if let ControlKind::TryTable(number) | ControlKind::Try(number) = control.kind {
            self.handlers.end_body(number, self.at);
        }
        if control.kind == ControlKind::Func {
            if self.reachable {
                self.leave();
            }
            self.reachable = false;
            return;
        }
        let (height, results) = (control.height, control.results.len());
        let falls_through = self.reachable;
        if falls_through {
            self.move_results(height, results);
        }
        if let Some(label) = control.else_label {
            // Without `else`, a false condition passes the parameters on; they are in their slots.
            self.masm.bind(label);
        }
        if control.kind != ControlKind::Loop {
            self.masm.bind(control.label);
        }
        let branched = control.branched && control.kind != ControlKind::Loop;
        self.reachable = falls_through || branched || control.else_label.is_some();
        self.restore_stack(height, control.results);
        if branched || control.else_label.is_some() {
            self.known.forget();
        }
    }

    /// The stack as it is where paths meet: values of `types` in their slots on top of `height`.
    pub fn restore_stack(&mut self, height: usize, types: &[ValType]) {
        self.stack.truncate(height);
        self.note_operands(types.len());
        for &ty in types {
            let slot = self.next_slot(ty);
            self.stack.push(ty, Loc::Slot(slot));
        }
    }

    /// Copies the top `count` entries to the slots above `height`. Changes no entry, keeps the flags.
    fn move_results(&mut self, height: usize, count: usize) {
        let first = self.stack.len().saturating_sub(count);
        let mut words = self.stack.words_below(height);
        // Upward: an entry in a slot is never below the slot it goes to, so none is overwritten before it is read.
        for index in first..first + count {
            let Some(entry) = self.stack.get(index) else {
                return;
            };
            let slot = self.slot_above(words, entry.ty);
            words += slot_words(entry.ty);
            if entry.loc != Loc::Slot(slot) {
                self.store_entry(slot, entry);
            }
        }
    }

    /// Height and number of values of a branch's target; `None` for the function itself.
    fn target(&mut self, depth: u32) -> Option<(M::Label, usize, usize)> {
        let index = self.control.len().checked_sub(1 + depth as usize)?;
        let control = self.control.get_mut(index)?;
        control.branched = true;
        let count = match control.kind {
            ControlKind::Func => return None,
            ControlKind::Loop => control.params.len(),
            _ => control.results.len(),
        };
        Some((control.label, control.height, count))
    }

    fn in_place(&self, height: usize, count: usize) -> bool {
        let first = self.stack.len().saturating_sub(count);
        // Values of the same types lie in the same slots only if they have as many words below them.
        count == 0
            || self.stack.words_below(first) == self.stack.words_below(height)
                && (first..first + count).all(
                    |index| matches!(self.stack.get(index), Some(entry) if matches!(entry.loc, Loc::Slot(_))),
                )
    }

    /// Branches from here on; changes no entry.
    fn branch(&mut self, depth: u32) {
        match self.target(depth) {
            None => self.leave(),
            Some((label, height, count)) => {
                self.move_results(height, count);
                self.masm.jump(label);
            }
        }
    }

    pub fn br(&mut self, depth: u32) {
        self.branch(depth);
        self.reachable = false;
    }

    pub fn br_if(&mut self, depth: u32) {
        let value = self.pop();
        let cond = self.condition(value);
        self.branch_if(cond, depth);
    }

    /// Branches if the flags say so.
    pub fn branch_if(&mut self, cond: Cond, depth: u32) {
        match self.target(depth) {
            Some((label, height, count)) if self.in_place(height, count) => self.masm.jump_if(cond, label),
            _ => {
                let skip = self.masm.label();
                self.masm.jump_if(cond.inverted(), skip);
                self.branch(depth);
                self.masm.bind(skip);
            }
        }
    }

    pub fn br_table(&mut self, table: &BrTable<'_>) {
        let value = self.pop();
        let index = self.in_temp(value);
        let temp = self.take_gpr();
        let mut stubs: HashMap<u32, M::Label> = HashMap::new();
        let mut order: Vec<u32> = Vec::new();
        let mut labels = Vec::new();
        let targets: Vec<u32> = table
            .targets()
            .map_while(Result::ok)
            .chain([table.default()])
            .collect();
        for depth in targets {
            let direct = self
                .target(depth)
                .filter(|&(_, height, count)| self.in_place(height, count));
            labels.push(match direct {
                Some((label, ..)) => label,
                None => match stubs.get(&depth) {
                    Some(&label) => label,
                    None => {
                        let label = self.masm.label();
                        stubs.insert(depth, label);
                        order.push(depth);
                        label
                    }
                },
            });
        }
        self.masm.jump_table(index, temp, &labels);
        for depth in order {
            // What carries values is copied for each target: the walk refuses the function when this returns.
            if self.is_code_too_large() {
                break;
            }
            if let Some(&label) = stubs.get(&depth) {
                self.masm.bind(label);
                self.branch(depth);
            }
        }
        self.reachable = false;
    }

    pub fn return_(&mut self) {
        self.leave();
        self.reachable = false;
    }

    pub fn unreachable(&mut self) {
        self.settle();
        let label = self.trap(TrapKind::Unreachable);
        self.masm.jump(label);
        self.reachable = false;
    }
}
