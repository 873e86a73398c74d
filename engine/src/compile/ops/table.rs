//! Tables and references.

use super::super::compiler::Compiler;
use super::super::frame_map::{Loc, Operand};
use super::super::masm::{Cond, Masm, Size};
use super::super::regs::Gpr;
use crate::error::TrapKind;
use crate::layout::{func_ref, table};
use crate::types::ValType;

impl<M: Masm> Compiler<'_, M> {
    /// The address of element `index` in a taken register; traps outside the table.
    pub fn table_element(&mut self, table: u32, index: Gpr, outside: TrapKind) -> Gpr {
        let outside = self.trap(outside);
        let element = self.take_gpr();
        self.masm.load_vmctx(element, self.layout.tables + 8 * table);
        self.masm.compare_field(Size::S64, index, element, table::LEN);
        self.masm.jump_if(Cond::AboveEqual, outside);
        self.masm.load_field(element, element, table::BASE);
        self.masm.element_address(element, element, index);
        element
    }

    pub fn table_get(&mut self, table: u32) {
        self.need_gprs(2);
        self.settle();
        let index = self.pop();
        let index = self.in_gpr(index);
        let element = self.table_element(table, index, TrapKind::TableOutOfBounds);
        self.masm.load_field(element, element, 0);
        let ty = self
            .module
            .tables
            .get(table as usize)
            .map_or(ValType::FuncRef, |table| table.element);
        self.push_gpr(ty, element);
    }

    pub fn table_set(&mut self, table: u32) {
        self.need_gprs(3);
        self.settle();
        let (value, index) = (self.pop(), self.pop());
        let index = self.in_gpr(index);
        let element = self.table_element(table, index, TrapKind::TableOutOfBounds);
        let value = self.in_gpr(value);
        self.masm.store_field(element, 0, value);
    }

    pub fn table_size(&mut self, table: u32) {
        let dst = self.take_gpr();
        self.masm.load_vmctx(dst, self.layout.tables + 8 * table);
        self.masm.load_field(dst, dst, table::LEN);
        let ty = self.index_type(table);
        self.push_gpr(ty, dst);
    }

    /// The type of a table's indices.
    pub fn index_type(&self, table: u32) -> ValType {
        let table = self.module.tables.get(table as usize);
        table.map_or(ValType::I32, |table| table.index_type())
    }

    pub fn ref_func(&mut self, func: u32) {
        let dst = self.take_gpr();
        self.load_func_ref(dst, func);
        self.push_gpr(ValType::FuncRef, dst);
    }

    /// The address of a function's func_ref.
    pub fn load_func_ref(&mut self, dst: Gpr, func: u32) {
        match func.checked_sub(self.module.imported_funcs) {
            Some(defined) => self
                .masm
                .vmctx_address(dst, self.layout.func_refs + func_ref::SIZE * defined),
            None => self.masm.load_vmctx(dst, self.layout.imported_funcs + 8 * func),
        }
    }

    pub fn ref_is_null(&mut self) {
        let value = self.pop();
        self.compare_null(value);
        self.push_cond(Cond::Equal);
    }

    /// Sets the flags for a reference against null.
    fn compare_null(&mut self, value: Operand) {
        match self.place(value) {
            Loc::Slot(slot) => self.masm.compare_slot(Size::S64, slot, 0),
            _ => {
                let reg = self.in_gpr(value);
                self.masm.test(Size::S64, reg);
            }
        }
    }

    pub fn ref_as_non_null(&mut self) {
        self.need_gprs(1);
        self.settle();
        let value = self.pop();
        let null = self.trap(TrapKind::NullReference);
        self.compare_null(value);
        self.masm.jump_if(Cond::Equal, null);
        self.stack.push(value.ty, value.loc);
    }

    pub fn br_on_null(&mut self, depth: u32) {
        self.need_gprs(1);
        self.settle();
        let value = self.pop();
        self.compare_null(value);
        self.branch_if(Cond::Equal, depth);
        self.stack.push(value.ty, value.loc);
    }

    pub fn br_on_non_null(&mut self, depth: u32) {
        self.need_gprs(1);
        self.settle();
        let value = self.pop();
        self.compare_null(value);
        self.stack.push(value.ty, value.loc);
        self.branch_if(Cond::NotEqual, depth);
        self.pop();
    }
}
