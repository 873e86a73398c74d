//! Tail calls: the callee takes over the frame's place on the stack, and returns to this function's caller.
//!
//! # Limits
//! That needs a callee of this instance, since the caller may hold `r14` and `rbx` to be unchanged, and stack arguments
//! that fit where this function's own may lie (see [`CallLayout`]). Every other tail call is a call and a return: it
//! does the same, and takes stack. Host functions are such callees, so that the guest's frame stands under the call.
//!
//! Must not know: one machine's encodings.

use super::super::compiler::Compiler;
use super::super::masm::{Cond, Masm};
use super::super::regs::CALLEE_REF;
use super::call::StackArguments;
use crate::layout::{CallLayout, func_ref};
use crate::types::FuncType;

impl<M: Masm> Compiler<'_, M> {
    pub fn return_call(&mut self, func: u32) {
        let module = self.module;
        let (ty, layout) = (module.func_type(func), module.func_layout(func));
        let first = self.stack.len().saturating_sub(ty.params.len());
        if func < self.module.imported_funcs || !self.has_room_for(layout) {
            self.leaves_what_covers_it();
            self.call(func);
            self.return_();
            return;
        }
        self.place_arguments(layout, first, false, StackArguments::Incoming);
        self.load_func_ref(CALLEE_REF, func);
        self.leave_to_callee();
    }

    pub fn return_call_indirect(&mut self, type_index: u32, table: u32) {
        if let Some((ty, layout, first)) = self.indirect_callee(type_index, table) {
            self.return_call_of_ref(ty, layout, first);
        }
    }

    pub fn return_call_ref(&mut self, type_index: u32) {
        if let Some((ty, layout, first)) = self.ref_callee(type_index) {
            self.return_call_of_ref(ty, layout, first);
        }
    }

    /// Tail-calls the function in the callee register; homes have been saved.
    fn return_call_of_ref(&mut self, ty: &FuncType, layout: &CallLayout, first: usize) {
        if self.has_room_for(layout) {
            let elsewhere = self.masm.label();
            // Of another instance, or of the host.
            self.masm.compare_vmctx(CALLEE_REF, func_ref::VMCTX);
            self.masm.jump_if(Cond::NotEqual, elsewhere);
            self.place_arguments(layout, first, true, StackArguments::Incoming);
            self.leave_to_callee();
            self.masm.bind(elsewhere);
        }
        self.leaves_what_covers_it();
        self.move_arguments(layout, first, true);
        self.finish_call(ty, layout, true);
        self.return_();
    }

    /// What a call in tail position throws is not for the function that gives way to it.
    fn leaves_what_covers_it(&mut self) {
        if self.covering().is_some() {
            self.handlers.add_tail_call(self.at);
        }
    }

    /// Whether arguments and results fit where this function's own lie.
    fn has_room_for(&self, layout: &CallLayout) -> bool {
        layout.stack_bytes <= self.own_layout.stack_bytes
    }

    /// Leaves the frame with the callee in its place. Changes no entry.
    fn leave_to_callee(&mut self) {
        self.restore_saved();
        self.masm.leave_to_callee();
        self.reachable = false;
    }
}
