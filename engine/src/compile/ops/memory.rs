//! Loads, stores, and the memory instructions that the runtime serves.

use super::super::compiler::Compiler;
use super::super::frame_map::{Loc, Operand, SiteKind};
use super::super::masm::{Address, IntSrc, Masm, ShiftOp, Size, Width};
use super::super::regs::Gpr;
use super::numeric::{float_type, int_type};
use crate::layout::{Libcall, memory, vmctx};
use crate::types::ValType;
use wasmparser::{MemArg, MemArgTarget};

/// No memory is longer; past it lies the guard of its reservation.
const MOST_MEMORY_LEN_BYTES: u64 = 1 << 32;

/// Argument registers of a libcall, in order of the operands.
const LIBCALL_ARGS: [Gpr; 4] = [Gpr(0), Gpr(1), Gpr(2), Gpr(6)];
/// Register of a libcall's request.
const LIBCALL_REQUEST: Gpr = Gpr(7);

impl<M: Masm> Compiler<'_, M> {
    /// The address of a popped operand plus a static offset, to which `room` may still be added.
    pub fn address(&mut self, base: Operand, memarg: &MemArg, room: u64) -> Address {
        let offset = memarg.offset;
        if self.is_far(memarg) {
            return self.far_address(base, memarg);
        }
        let fitting = |offset: u64| i32::try_from(offset + room).ok().map(|_| offset as i32);
        if let Loc::Const(bits) = base.loc {
            let total = (bits & 0xffff_ffff) + offset;
            if let Some(offset) = fitting(total) {
                return Address { index: None, offset };
            }
            let reg = self.take_gpr();
            self.masm.mov_imm(reg, total);
            return Address {
                index: Some(reg),
                offset: 0,
            };
        }
        match fitting(offset) {
            Some(offset) => Address {
                index: Some(self.in_gpr(base)),
                offset,
            },
            None => {
                // A copy, because a trap must find the operand as it was.
                let reg = self.take_gpr();
                self.load_gpr(reg, base);
                self.masm.add_imm(reg, offset, None);
                Address {
                    index: Some(reg),
                    offset: 0,
                }
            }
        }
    }

    /// The memory of an access.
    fn memory_of(memarg: &MemArg) -> u32 {
        match memarg.target {
            MemArgTarget::Memory(memory) => memory,
            // Only with a proposal that is never on.
            MemArgTarget::Array(_) => 0,
        }
    }

    fn is_memory64(&self, memory: u32) -> bool {
        (self.module.memories.get(memory as usize)).is_some_and(|memory| memory.memory64)
    }

    /// Whether an access is not of memory 0 by a 32-bit address.
    fn is_far(&self, memarg: &MemArg) -> bool {
        let memory = Self::memory_of(memarg);
        memory != 0 || self.is_memory64(memory)
    }

    /// Frees the integer temporaries of an access: `count`, and what its address takes beside.
    pub fn need_for_access(&mut self, count: usize, memarg: &MemArg) {
        let more = if self.is_far(memarg) { 2 } else { 0 };
        self.need_gprs((count + more).min(3));
    }

    /// The address in a memory that is not memory 0, or has 64-bit addresses: a copy of the operand, because a trap
    /// must find it as it was. What no memory can have leads into the guard of this one.
    fn far_address(&mut self, base: Operand, memarg: &MemArg) -> Address {
        let memory = Self::memory_of(memarg);
        let reg = self.take_gpr();
        self.load_gpr(reg, base);
        let wide = self.is_memory64(memory);
        if wide && memarg.offset >= MOST_MEMORY_LEN_BYTES {
            self.masm.mov_imm(reg, MOST_MEMORY_LEN_BYTES);
        } else {
            if wide {
                self.masm.clamp_to_4_gib(reg);
            }
            self.masm.add_imm(reg, memarg.offset, None);
        }
        if memory != 0 {
            let base = self.take_gpr();
            self.masm.load_vmctx(base, self.layout.memories + 8 * memory);
            self.masm.load_field(base, base, memory::BASE);
            self.masm.rebase(reg, base);
        }
        Address {
            index: Some(reg),
            offset: 0,
        }
    }

    pub fn load(&mut self, width: Width, memarg: &MemArg) {
        self.need_for_access(2, memarg);
        self.settle();
        let base = self.pop();
        let at = self.address(base, memarg, 0);
        let dst = match at.index {
            Some(reg) => self.result_gpr(reg),
            None => self.take_gpr(),
        };
        let native = self.masm.load(width, dst, at);
        self.may_fault(native);
        self.push_gpr(int_type(width.size), dst);
    }

    pub fn store(&mut self, width: Width, memarg: &MemArg) {
        self.need_for_access(2, memarg);
        self.settle();
        let (value, base) = (self.pop(), self.pop());
        let at = self.address(base, memarg, 0);
        let native = match self.int_src(width.size, value) {
            IntSrc::Imm(imm) => self.masm.store_imm(width, at, imm),
            IntSrc::Reg(src) => self.masm.store(width, at, src),
            IntSrc::Slot(_) => {
                let src = self.in_gpr(value);
                self.masm.store(width, at, src)
            }
        };
        self.may_fault(native);
        self.stored(at, width.len_bytes);
    }

    pub fn float_load(&mut self, size: Size, memarg: &MemArg) {
        self.need_for_access(1, memarg);
        self.need_xmms(1);
        self.settle();
        let base = self.pop();
        let at = self.address(base, memarg, 0);
        let dst = self.take_xmm();
        let native = self.masm.fload(size, dst, at);
        self.may_fault(native);
        self.push_xmm(float_type(size), dst);
    }

    pub fn float_store(&mut self, size: Size, memarg: &MemArg) {
        self.need_for_access(1, memarg);
        self.need_xmms(1);
        self.settle();
        let (value, base) = (self.pop(), self.pop());
        let at = self.address(base, memarg, 0);
        let src = self.in_xmm(value);
        let native = self.masm.fstore(size, at, src);
        self.may_fault(native);
        self.stored(at, if size == Size::S32 { 4 } else { 8 });
    }

    pub fn memory_size(&mut self, index: u32) {
        let dst = self.take_gpr();
        if index == 0 {
            self.masm.load_vmctx(dst, vmctx::MEMORY0 as u32);
        } else {
            self.masm.load_vmctx(dst, self.layout.memories + 8 * index);
        }
        self.masm.load_field(dst, dst, memory::LEN_BYTES);
        self.masm
            .shift(ShiftOp::ShrU, Size::S64, dst, dst, IntSrc::Imm(16));
        self.push_gpr(self.address_type(index), dst);
    }

    /// The type of a memory's addresses.
    pub fn address_type(&self, memory: u32) -> ValType {
        if self.is_memory64(memory) {
            ValType::I64
        } else {
            ValType::I32
        }
    }

    /// Has the runtime carry out an instruction. While it does, all operands are still on the stack.
    pub fn libcall(&mut self, call: Libcall, a: u32, b: u32, args: usize, result: Option<ValType>) {
        self.spill_temps_below(self.stack.len());
        self.known.copies.forget_all();
        let first = self.stack.len().saturating_sub(args);
        for (index, reg) in LIBCALL_ARGS.into_iter().enumerate().take(args) {
            if let Some(entry) = self.stack.get(first + index) {
                self.load_gpr(reg, entry);
            }
        }
        self.masm.mov_imm(LIBCALL_REQUEST, call.request(a, b));
        let native = self.masm.call_vmctx(vmctx::LIBCALL_STUB);
        self.site(SiteKind::Libcall, native);
        self.stack.truncate(first);
        if let Some(ty) = result {
            self.push_gpr(ty, LIBCALL_ARGS[0]);
        }
    }
}
