//! Labels, jumps, calls and frames.

use super::super::masm::{Cond, FlowMasm, IntMasm};
use super::super::regs::{CALLEE_REF, Gpr, Xmm};
use super::{NanKind, X64, canonical_nan, with_slot};
use crate::layout::{func_ref, vmctx};
use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi, dynasm};

/// Slots that are zeroed by a store for every four of them: a string instruction takes longer to begin than they do.
const MOST_ZEROED_IN_LINE: u32 = 128;

impl FlowMasm for X64 {
    type Label = DynamicLabel;

    fn offset(&self) -> u32 {
        self.asm.offset().0 as u32
    }

    fn label(&mut self) -> DynamicLabel {
        self.asm.new_dynamic_label()
    }

    fn bind(&mut self, label: DynamicLabel) {
        dynasm!(self.asm ; .arch x64 ; =>label);
    }

    fn jump(&mut self, to: DynamicLabel) {
        dynasm!(self.asm ; .arch x64 ; jmp =>to);
    }

    fn jump_if(&mut self, cond: Cond, to: DynamicLabel) {
        match cond {
            Cond::Below => dynasm!(self.asm ; .arch x64 ; jb =>to),
            Cond::AboveEqual => dynasm!(self.asm ; .arch x64 ; jae =>to),
            Cond::Equal => dynasm!(self.asm ; .arch x64 ; je =>to),
            Cond::NotEqual => dynasm!(self.asm ; .arch x64 ; jne =>to),
            Cond::BelowEqual => dynasm!(self.asm ; .arch x64 ; jbe =>to),
            Cond::Above => dynasm!(self.asm ; .arch x64 ; ja =>to),
            Cond::Unordered => dynasm!(self.asm ; .arch x64 ; jp =>to),
            Cond::Ordered => dynasm!(self.asm ; .arch x64 ; jnp =>to),
            Cond::Less => dynasm!(self.asm ; .arch x64 ; jl =>to),
            Cond::GreaterEqual => dynasm!(self.asm ; .arch x64 ; jge =>to),
            Cond::LessEqual => dynasm!(self.asm ; .arch x64 ; jle =>to),
            Cond::Greater => dynasm!(self.asm ; .arch x64 ; jg =>to),
        }
    }

    fn jump_table(&mut self, index: Gpr, temp: Gpr, targets: &[DynamicLabel]) {
        let last = targets.len().saturating_sub(1) as u32 as i32;
        let table = self.asm.new_dynamic_label();
        // Entries are jumps of five bytes, padded to eight.
        dynasm!(self.asm
            ; .arch x64
            ; mov Rd(temp.0), last
            ; cmp Rd(index.0), Rd(temp.0)
            ; cmova Rd(index.0), Rd(temp.0)
            ; lea Rq(temp.0), [=>table]
            ; lea Rq(temp.0), [Rq(temp.0) + Rq(index.0) * 8]
            ; jmp Rq(temp.0)
            ; =>table
        );
        for &target in targets {
            dynasm!(self.asm ; .arch x64 ; jmp =>target ; nop ; nop ; nop);
        }
    }

    fn enter(&mut self) {
        dynasm!(self.asm ; .arch x64 ; push rbp ; mov rbp, rsp ; sub rsp, DWORD 0);
        self.frame_size_at = self.asm.offset().0 - 4;
        dynasm!(self.asm ; .arch x64 ; mov [BYTE rbp - 8], r14);
    }

    fn leave(&mut self) {
        dynasm!(self.asm ; .arch x64 ; leave ; ret);
    }

    fn leave_to_callee(&mut self) {
        dynasm!(self.asm ; .arch x64 ; leave ; jmp QWORD [BYTE Rq(CALLEE_REF.0) + func_ref::CODE as i8]);
    }

    fn zero_slots(&mut self, lowest: i32, count: u32) -> bool {
        if count > MOST_ZEROED_IN_LINE {
            dynasm!(self.asm
                ; .arch x64
                ; lea rdi, [rbp + lowest]
                ; mov ecx, count as i32
                ; xor eax, eax
                ; rep stosq
            );
            return true;
        }
        if count == 1 {
            self.store_slot_imm(lowest, 0);
            return false;
        }
        dynasm!(self.asm ; .arch x64 ; vxorps xmm15, xmm15, xmm15);
        let (mut slot, mut left) = (lowest, count);
        while left >= 4 {
            with_slot!(self, slot, [vmovups YWORD] [, ymm15]);
            (slot, left) = (slot + 32, left - 4);
        }
        if left >= 2 {
            with_slot!(self, slot, [vmovups OWORD] [, xmm15]);
            (slot, left) = (slot + 16, left - 2);
        }
        if left == 1 {
            with_slot!(self, slot, [vmovq QWORD] [, xmm15]);
        }
        false
    }

    fn check_stack(&mut self, exhausted: DynamicLabel) {
        dynasm!(self.asm ; .arch x64 ; cmp rsp, [BYTE r14 + vmctx::STACK_LIMIT as i8] ; jb =>exhausted);
    }

    fn tick(&mut self, expired: DynamicLabel) {
        dynasm!(self.asm ; .arch x64 ; sub r15, BYTE 1 ; jb =>expired);
    }

    fn call_vmctx(&mut self, offset: i32) -> u32 {
        // Always the long form, so that every probe has the same length.
        dynasm!(self.asm ; .arch x64 ; call QWORD [r14 + offset]);
        self.offset()
    }

    fn save_flags(&mut self, offset: u32) {
        dynasm!(self.asm ; .arch x64 ; pushfq ; pop QWORD [r14 + offset as i32]);
    }

    fn restore_flags(&mut self, offset: u32) {
        dynasm!(self.asm ; .arch x64 ; push QWORD [r14 + offset as i32] ; popfq);
    }

    fn call_ref(&mut self, other_instance: bool) -> u32 {
        let callee = CALLEE_REF.0;
        if other_instance {
            dynasm!(self.asm
                ; .arch x64
                ; mov r14, [BYTE Rq(callee) + func_ref::VMCTX as i8]
                ; mov rbx, [BYTE r14 + vmctx::MEMORY0_BASE as i8]
            );
        }
        dynasm!(self.asm ; .arch x64 ; call QWORD [BYTE Rq(callee) + func_ref::CODE as i8]);
        self.offset()
    }

    fn restore_instance(&mut self, memory: bool) {
        dynasm!(self.asm ; .arch x64 ; mov r14, [BYTE rbp - 8]);
        if memory {
            dynasm!(self.asm ; .arch x64 ; mov rbx, [BYTE r14 + vmctx::MEMORY0_BASE as i8]);
        }
    }

    fn store_outgoing(&mut self, offset: u32, src: Gpr) {
        dynasm!(self.asm ; .arch x64 ; mov [rsp + offset as i32], Rq(src.0));
    }

    fn store_outgoing_imm(&mut self, offset: u32, bits: u64) {
        let at = offset as i32;
        if let Ok(small) = i32::try_from(bits as i64) {
            dynasm!(self.asm ; .arch x64 ; mov QWORD [rsp + at], small);
        } else {
            dynasm!(self.asm
                ; .arch x64
                ; mov DWORD [rsp + at], bits as i32
                ; mov DWORD [rsp + at + 4], (bits >> 32) as i32
            );
        }
    }

    fn copy_to_outgoing(&mut self, offset: u32, slot: i32) {
        with_slot!(self, slot, [vmovq xmm15, QWORD] []);
        dynasm!(self.asm ; .arch x64 ; vmovq QWORD [rsp + offset as i32], xmm15);
    }

    fn copy_from_outgoing(&mut self, slot: i32, offset: u32) {
        dynasm!(self.asm ; .arch x64 ; vmovq xmm15, QWORD [rsp + offset as i32]);
        with_slot!(self, slot, [vmovq QWORD] [, xmm15]);
    }

    fn fstore_outgoing(&mut self, offset: u32, src: Xmm) {
        dynasm!(self.asm ; .arch x64 ; vmovq QWORD [rsp + offset as i32], Rx(src.0));
    }

    fn finish(&mut self, frame_bytes: u32) -> Result<Vec<u8>, String> {
        for fix in std::mem::take(&mut self.nans) {
            dynasm!(self.asm ; .arch x64 ; =>fix.label);
            match fix.kind {
                NanKind::Scalar(size) => {
                    let bits = self.pooled(canonical_nan(size));
                    dynasm!(self.asm ; .arch x64 ; vmovq Rx(fix.reg.0), QWORD [=>bits] ; jmp =>fix.back);
                }
                NanKind::Lanes(size) => self.replace_nans(size, fix.reg, fix.back),
            }
        }
        for (bits, label) in std::mem::take(&mut self.pool) {
            dynasm!(self.asm ; .arch x64 ; =>label ; .u64 bits);
        }
        for (bits, label) in std::mem::take(&mut self.vector_pool) {
            dynasm!(self.asm ; .arch x64 ; =>label ; .u64 bits as u64 ; .u64 (bits >> 64) as u64);
        }
        let mut code = self.asm.take().map_err(|error| error.to_string())?;
        let size = code
            .get_mut(self.frame_size_at..self.frame_size_at + 4)
            .ok_or("no frame")?;
        size.copy_from_slice(&frame_bytes.to_le_bytes());
        Ok(code)
    }
}
