//! Guest memory, and the VmCtx that everything else hangs from.

use super::super::masm::{Address, FlowMasm, IntMasm, MemMasm, Size, Width};
use super::super::regs::{Gpr, Xmm};
use super::X64;
use crate::layout::{vmctx, watch_filter};
use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi, dynasm};

/// Emits `op before [guest address] after`.
macro_rules! with_guest {
    ($self:ident, $at:expr, [$($before:tt)*] [$($after:tt)*]) => {{
        let at: Address = $at;
        let start = $self.asm.offset().0 as u32;
        match (at.index, i8::try_from(at.offset)) {
            (None, _) => dynasm!($self.asm ; .arch x64 ; $($before)* [rbx + at.offset] $($after)*),
            (Some(index), Ok(0)) => dynasm!($self.asm ; .arch x64 ; $($before)* [rbx + Rq(index.0)] $($after)*),
            (Some(index), Ok(short)) => {
                dynasm!($self.asm ; .arch x64 ; $($before)* [BYTE rbx + Rq(index.0) + short] $($after)*)
            }
            (Some(index), Err(_)) => {
                dynasm!($self.asm ; .arch x64 ; $($before)* [rbx + Rq(index.0) + at.offset] $($after)*)
            }
        }
        start
    }};
}
pub(super) use with_guest;

impl X64 {
    /// `dst` = the guest address `at` plus a few bytes.
    fn guest_address(&mut self, dst: Gpr, at: Address, plus: i32) {
        match (at.index, at.offset.checked_add(plus)) {
            (Some(index), Some(offset)) => {
                dynasm!(self.asm ; .arch x64 ; lea Rq(dst.0), [Rq(index.0) + offset]);
            }
            (Some(index), None) => dynasm!(self.asm
                ; .arch x64
                ; lea Rq(dst.0), [Rq(index.0) + at.offset]
                ; add Rq(dst.0), plus
            ),
            (None, _) => self.mov_imm(dst, at.offset as u64 + plus as u64),
        }
    }
}

impl MemMasm for X64 {
    fn load(&mut self, width: Width, dst: Gpr, at: Address) -> u32 {
        let d = dst.0;
        match (width.len_bytes, width.signed, width.size) {
            (1, false, _) => with_guest!(self, at, [movzx Rd(d), BYTE] []),
            (1, true, Size::S32) => with_guest!(self, at, [movsx Rd(d), BYTE] []),
            (1, true, Size::S64) => with_guest!(self, at, [movsx Rq(d), BYTE] []),
            (2, false, _) => with_guest!(self, at, [movzx Rd(d), WORD] []),
            (2, true, Size::S32) => with_guest!(self, at, [movsx Rd(d), WORD] []),
            (2, true, Size::S64) => with_guest!(self, at, [movsx Rq(d), WORD] []),
            (4, true, Size::S64) => with_guest!(self, at, [movsxd Rq(d), DWORD] []),
            (4, _, _) => with_guest!(self, at, [mov Rd(d), DWORD] []),
            _ => with_guest!(self, at, [mov Rq(d), QWORD] []),
        }
    }

    fn store(&mut self, width: Width, at: Address, src: Gpr) -> u32 {
        let s = src.0;
        match width.len_bytes {
            1 => with_guest!(self, at, [mov BYTE] [, Rb(s)]),
            2 => with_guest!(self, at, [mov WORD] [, Rw(s)]),
            4 => with_guest!(self, at, [mov DWORD] [, Rd(s)]),
            _ => with_guest!(self, at, [mov QWORD] [, Rq(s)]),
        }
    }

    fn store_imm(&mut self, width: Width, at: Address, imm: i32) -> u32 {
        match width.len_bytes {
            1 => with_guest!(self, at, [mov BYTE] [, imm as i8]),
            2 => with_guest!(self, at, [mov WORD] [, imm as i16]),
            4 => with_guest!(self, at, [mov DWORD] [, imm]),
            _ => with_guest!(self, at, [mov QWORD] [, imm]),
        }
    }

    fn fload(&mut self, size: Size, dst: Xmm, at: Address) -> u32 {
        match size {
            Size::S32 => with_guest!(self, at, [vmovd Rx(dst.0), DWORD] []),
            Size::S64 => with_guest!(self, at, [vmovq Rx(dst.0), QWORD] []),
        }
    }

    fn fstore(&mut self, size: Size, at: Address, src: Xmm) -> u32 {
        match size {
            Size::S32 => with_guest!(self, at, [vmovd DWORD] [, Rx(src.0)]),
            Size::S64 => with_guest!(self, at, [vmovq QWORD] [, Rx(src.0)]),
        }
    }

    fn check_watch(&mut self, at: Address, len_bytes: u8, unused: Option<Gpr>, hit: DynamicLabel) {
        const RAX: Gpr = Gpr(0);
        let reg = unused.unwrap_or(RAX);
        if unused.is_none() {
            dynasm!(self.asm ; .arch x64 ; mov [BYTE r14 + vmctx::SCRATCH as i8], rax);
        }
        self.guest_address(reg, at, i32::from(len_bytes) - 1);
        let reach = vmctx::WATCH_REACH + 8 * len_bytes.trailing_zeros() as i32;
        dynasm!(self.asm
            ; .arch x64
            ; sub Rq(reg.0), [BYTE r14 + vmctx::WATCH_FROM as i8]
            ; cmp Rq(reg.0), [BYTE r14 + reach as i8]
        );
        if unused.is_none() {
            dynasm!(self.asm ; .arch x64 ; mov rax, [BYTE r14 + vmctx::SCRATCH as i8]);
        }
        dynasm!(self.asm ; .arch x64 ; jb =>hit);
    }

    fn filter_watch(
        &mut self,
        at: Address,
        len_bytes: u8,
        unused: Option<Gpr>,
        filter: u32,
        hit: DynamicLabel,
    ) {
        const RAX: Gpr = Gpr(0);
        let reg = unused.unwrap_or(RAX);
        if unused.is_none() {
            dynasm!(self.asm ; .arch x64 ; mov [BYTE r14 + vmctx::SCRATCH as i8], rax);
        }
        self.guest_address(reg, at, i32::from(len_bytes) - 1);
        let bit = 1i8 << len_bytes.trailing_zeros();
        dynasm!(self.asm
            ; .arch x64
            ; shr Rq(reg.0), watch_filter::WORD_BITS as i8
            ; and Rd(reg.0), watch_filter::SIZE as i32 - 1
            ; test BYTE [r14 + Rq(reg.0) + filter as i32], bit
        );
        if unused.is_none() {
            dynasm!(self.asm ; .arch x64 ; mov rax, [BYTE r14 + vmctx::SCRATCH as i8]);
        }
        dynasm!(self.asm ; .arch x64 ; jnz =>hit);
    }

    fn call_watch(&mut self, at: Address, len_bytes: u8) -> u32 {
        dynasm!(self.asm ; .arch x64 ; mov [BYTE r14 + vmctx::SCRATCH as i8], rax);
        self.guest_address(Gpr(0), at, 0);
        dynasm!(self.asm
            ; .arch x64
            ; mov [r14 + vmctx::WATCH_ADDRESS], rax
            ; mov QWORD [r14 + vmctx::WATCH_LEN_BYTES], i32::from(len_bytes)
            ; mov rax, [BYTE r14 + vmctx::SCRATCH as i8]
        );
        self.call_vmctx(vmctx::WATCH_STUB)
    }

    fn load_vmctx(&mut self, dst: Gpr, offset: u32) {
        dynasm!(self.asm ; .arch x64 ; mov Rq(dst.0), [r14 + offset as i32]);
    }

    fn load_vmctx32(&mut self, dst: Gpr, offset: u32) {
        dynasm!(self.asm ; .arch x64 ; mov Rd(dst.0), [r14 + offset as i32]);
    }

    fn store_vmctx(&mut self, offset: u32, src: Gpr) {
        dynasm!(self.asm ; .arch x64 ; mov [r14 + offset as i32], Rq(src.0));
    }

    fn vmctx_address(&mut self, dst: Gpr, offset: u32) {
        dynasm!(self.asm ; .arch x64 ; lea Rq(dst.0), [r14 + offset as i32]);
    }

    fn load_field(&mut self, dst: Gpr, base: Gpr, offset: i32) {
        dynasm!(self.asm ; .arch x64 ; mov Rq(dst.0), [Rq(base.0) + offset]);
    }

    fn store_field(&mut self, base: Gpr, offset: i32, src: Gpr) {
        dynasm!(self.asm ; .arch x64 ; mov [Rq(base.0) + offset], Rq(src.0));
    }

    fn fload_field(&mut self, dst: Xmm, base: Option<Gpr>, offset: i32) {
        match base {
            Some(base) => dynasm!(self.asm ; .arch x64 ; vmovq Rx(dst.0), QWORD [Rq(base.0) + offset]),
            None => dynasm!(self.asm ; .arch x64 ; vmovq Rx(dst.0), QWORD [r14 + offset]),
        }
    }

    fn fstore_field(&mut self, base: Option<Gpr>, offset: i32, src: Xmm) {
        match base {
            Some(base) => dynasm!(self.asm ; .arch x64 ; vmovq QWORD [Rq(base.0) + offset], Rx(src.0)),
            None => dynasm!(self.asm ; .arch x64 ; vmovq QWORD [r14 + offset], Rx(src.0)),
        }
    }

    fn element_address(&mut self, dst: Gpr, base: Gpr, index: Gpr) {
        dynasm!(self.asm ; .arch x64 ; lea Rq(dst.0), [Rq(base.0) + Rq(index.0) * 8]);
    }

    fn compare_field(&mut self, size: Size, lhs: Gpr, base: Gpr, offset: i32) {
        match size {
            Size::S32 => dynasm!(self.asm ; .arch x64 ; cmp Rd(lhs.0), [Rq(base.0) + offset]),
            Size::S64 => dynasm!(self.asm ; .arch x64 ; cmp Rq(lhs.0), [Rq(base.0) + offset]),
        }
    }

    fn clamp_to_4_gib(&mut self, reg: Gpr) {
        let below = self.asm.new_dynamic_label();
        // The halves swapped, the upper one can be tested, and 4 GiB is one.
        dynasm!(self.asm ; .arch x64
            ; ror Rq(reg.0), 32
            ; test Rd(reg.0), Rd(reg.0)
            ; jz =>below
            ; mov Rd(reg.0), 1
            ; =>below
            ; rol Rq(reg.0), 32
        );
    }

    fn rebase(&mut self, at: Gpr, base: Gpr) {
        dynasm!(self.asm ; .arch x64 ; add Rq(at.0), Rq(base.0) ; sub Rq(at.0), rbx);
    }

    fn compare_vmctx(&mut self, base: Gpr, offset: i32) {
        dynasm!(self.asm ; .arch x64 ; cmp r14, [Rq(base.0) + offset]);
    }

    fn add_imm(&mut self, dst: Gpr, imm: u64, scratch: Option<Gpr>) {
        match (i32::try_from(imm), scratch) {
            (Ok(imm), _) => dynasm!(self.asm ; .arch x64 ; add Rq(dst.0), imm),
            (Err(_), Some(scratch)) => {
                dynasm!(self.asm ; .arch x64 ; mov Rq(scratch.0), QWORD imm as i64 ; add Rq(dst.0), Rq(scratch.0));
            }
            (Err(_), None) => {
                // At most 2^32 - 1: three steps that each fit an immediate.
                let half = (imm / 2) as i32;
                let rest = (imm % 2) as i32;
                dynasm!(self.asm ; .arch x64 ; add Rq(dst.0), half ; add Rq(dst.0), half ; add Rq(dst.0), rest);
            }
        }
    }
}
