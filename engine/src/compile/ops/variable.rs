//! Locals and globals.

use super::super::compiler::Compiler;
use super::super::frame_map::Loc;
use super::super::masm::Masm;
use crate::types::ValType;

impl<M: Masm> Compiler<'_, M> {
    pub fn local_get(&mut self, local: u32) {
        let ty = self
            .homes
            .get(local as usize)
            .map_or(ValType::I32, |home| home.ty);
        if let Some(left) = self.reads_left.get_mut(local as usize) {
            *left = left.saturating_sub(1);
        }
        self.stack.push(ty, Loc::Local(local));
    }

    pub fn local_set(&mut self, local: u32) {
        let value = self.pop();
        self.write_local(local, value);
    }

    pub fn local_tee(&mut self, local: u32) {
        let mut value = self.pop();
        if let Loc::Flags(_) = value.loc {
            let reg = self.in_temp(value);
            value.loc = Loc::Gpr(reg.0);
        }
        self.write_local(local, value);
        // The copy that stays: the local itself where it has a register, else what it was written from.
        match (self.home_place(local), value.loc) {
            (Loc::Slot(_), Loc::Gpr(_) | Loc::Xmm(_)) if self.known.copies.of(local).is_some() => {
                self.stack.push(value.ty, Loc::Local(local));
            }
            (Loc::Slot(_), Loc::Gpr(_) | Loc::Xmm(_) | Loc::Const(_)) => self.stack.push(value.ty, value.loc),
            _ => self.stack.push(value.ty, Loc::Local(local)),
        }
    }

    fn global_type(&self, global: u32) -> ValType {
        self.module
            .globals
            .get(global as usize)
            .map_or(ValType::I32, |global| global.ty)
    }

    pub fn global_get(&mut self, global: u32) {
        let ty = self.global_type(global);
        let (base, offset) = self.global_cell(global);
        if ty.is_float() {
            let dst = self.take_xmm();
            match ty {
                ValType::V128 => self.masm.vload_field(dst, base, offset),
                _ => self.masm.fload_field(dst, base, offset),
            }
            self.push_xmm(ty, dst);
        } else {
            let dst = base.unwrap_or_else(|| self.take_gpr());
            match base {
                Some(base) => self.masm.load_field(dst, base, offset),
                None => self.masm.load_vmctx(dst, offset as u32),
            }
            self.push_gpr(ty, dst);
        }
    }

    pub fn global_set(&mut self, global: u32) {
        let value = self.pop();
        let (base, offset) = self.global_cell(global);
        if value.ty.is_float() {
            let src = self.in_xmm(value);
            match value.ty {
                ValType::V128 => self.masm.vstore_field(base, offset, src),
                _ => self.masm.fstore_field(base, offset, src),
            }
        } else {
            let src = self.in_gpr(value);
            match base {
                Some(base) => self.masm.store_field(base, offset, src),
                None => self.masm.store_vmctx(offset as u32, src),
            }
        }
    }

    /// A global's cell: an offset from a taken register, or from the VmCtx.
    fn global_cell(&mut self, global: u32) -> (Option<super::super::regs::Gpr>, i32) {
        match global.checked_sub(self.module.imported_globals) {
            Some(defined) => (None, (self.layout.globals + 16 * defined) as i32),
            None => {
                let base = self.take_gpr();
                self.masm
                    .load_vmctx(base, self.layout.imported_globals + 8 * global);
                (Some(base), 0)
            }
        }
    }
}
