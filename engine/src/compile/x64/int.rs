//! Moves and integer arithmetic.

use super::super::masm::{Cond, DivOp, FlowMasm, IntMasm, IntOp, IntSrc, IntUnary, ShiftOp, Size};
use super::super::regs::Gpr;
use super::{X64, with_slot};
use dynasmrt::{DynasmApi, dynasm};

/// `op dst, rhs` for an instruction that has a short form for constants of one byte.
macro_rules! arithmetic {
    ($self:ident, $op:ident, $size:expr, $dst:expr, $rhs:expr) => {{
        let dst = $dst;
        match ($size, $rhs) {
            (Size::S32, IntSrc::Reg(r)) => dynasm!($self.asm ; .arch x64 ; $op Rd(dst), Rd(r.0)),
            (Size::S64, IntSrc::Reg(r)) => dynasm!($self.asm ; .arch x64 ; $op Rq(dst), Rq(r.0)),
            (Size::S32, IntSrc::Slot(slot)) => with_slot!($self, slot, [$op Rd(dst), DWORD] []),
            (Size::S64, IntSrc::Slot(slot)) => with_slot!($self, slot, [$op Rq(dst), QWORD] []),
            (size, IntSrc::Imm(imm)) => match (size, i8::try_from(imm)) {
                (Size::S32, Ok(short)) => dynasm!($self.asm ; .arch x64 ; $op Rd(dst), BYTE short),
                (Size::S64, Ok(short)) => dynasm!($self.asm ; .arch x64 ; $op Rq(dst), BYTE short),
                (Size::S32, Err(_)) => dynasm!($self.asm ; .arch x64 ; $op Rd(dst), imm),
                (Size::S64, Err(_)) => dynasm!($self.asm ; .arch x64 ; $op Rq(dst), imm),
            },
        }
    }};
}

impl IntMasm for X64 {
    const ROTATE_COUNT: Gpr = Gpr(1);
    const DIVIDEND: Gpr = Gpr(0);
    const REMAINDER: Gpr = Gpr(2);

    fn mov_imm(&mut self, dst: Gpr, bits: u64) {
        if let Ok(small) = u32::try_from(bits) {
            dynasm!(self.asm ; .arch x64 ; mov Rd(dst.0), small as i32);
        } else if let Ok(small) = i32::try_from(bits as i64) {
            dynasm!(self.asm ; .arch x64 ; mov Rq(dst.0), small);
        } else {
            dynasm!(self.asm ; .arch x64 ; mov Rq(dst.0), QWORD bits as i64);
        }
    }

    fn mov(&mut self, dst: Gpr, src: Gpr) {
        if dst != src {
            dynasm!(self.asm ; .arch x64 ; mov Rq(dst.0), Rq(src.0));
        }
    }

    fn xchg(&mut self, a: Gpr, b: Gpr) {
        dynasm!(self.asm ; .arch x64 ; xchg Rq(a.0), Rq(b.0));
    }

    fn load_slot(&mut self, dst: Gpr, slot: i32) {
        with_slot!(self, slot, [mov Rq(dst.0),][]);
    }

    fn store_slot(&mut self, slot: i32, src: Gpr) {
        with_slot!(self, slot, [mov] [, Rq(src.0)]);
    }

    fn store_slot_imm(&mut self, slot: i32, bits: u64) {
        if let Ok(small) = i32::try_from(bits as i64) {
            with_slot!(self, slot, [mov QWORD] [, small]);
        } else {
            with_slot!(self, slot, [mov DWORD] [, bits as i32]);
            with_slot!(self, slot + 4, [mov DWORD] [, (bits >> 32) as i32]);
        }
    }

    fn copy_slot(&mut self, dst: i32, src: i32) {
        if dst != src {
            with_slot!(self, src, [vmovq xmm15, QWORD] []);
            with_slot!(self, dst, [vmovq QWORD] [, xmm15]);
        }
    }

    fn int_op(&mut self, op: IntOp, size: Size, dst: Gpr, lhs: Gpr, rhs: IntSrc) {
        let (d, l) = (dst.0, lhs.0);
        // Additions into another register need no move first.
        if dst != lhs {
            match (op, size, rhs) {
                (IntOp::Add, Size::S32, IntSrc::Reg(r)) => {
                    return dynasm!(self.asm ; .arch x64 ; lea Rd(d), [Rq(l) + Rq(r.0)]);
                }
                (IntOp::Add, Size::S64, IntSrc::Reg(r)) => {
                    return dynasm!(self.asm ; .arch x64 ; lea Rq(d), [Rq(l) + Rq(r.0)]);
                }
                (IntOp::Add, _, IntSrc::Imm(imm)) => return self.lea(size, dst, lhs, imm),
                (IntOp::Sub, _, IntSrc::Imm(imm)) if imm != i32::MIN => {
                    return self.lea(size, dst, lhs, -imm);
                }
                (IntOp::Mul, _, IntSrc::Imm(_)) => {}
                _ => self.mov(dst, lhs),
            }
        }
        match (op, size, rhs) {
            (IntOp::Mul, _, IntSrc::Imm(imm)) => self.multiply(size, dst, lhs, imm),
            (IntOp::Mul, Size::S32, IntSrc::Reg(r)) => dynasm!(self.asm ; .arch x64 ; imul Rd(d), Rd(r.0)),
            (IntOp::Mul, Size::S64, IntSrc::Reg(r)) => dynasm!(self.asm ; .arch x64 ; imul Rq(d), Rq(r.0)),
            (IntOp::Mul, Size::S32, IntSrc::Slot(s)) => with_slot!(self, s, [imul Rd(d), DWORD] []),
            (IntOp::Mul, Size::S64, IntSrc::Slot(s)) => with_slot!(self, s, [imul Rq(d), QWORD] []),
            (IntOp::Add, ..) => arithmetic!(self, add, size, d, rhs),
            (IntOp::Sub, ..) => arithmetic!(self, sub, size, d, rhs),
            (IntOp::And, ..) => arithmetic!(self, and, size, d, rhs),
            (IntOp::Or, ..) => arithmetic!(self, or, size, d, rhs),
            (IntOp::Xor, ..) => arithmetic!(self, xor, size, d, rhs),
        }
    }

    fn shift(&mut self, op: ShiftOp, size: Size, dst: Gpr, src: Gpr, count: IntSrc) {
        let (d, s) = (dst.0, src.0);
        let bits = if size == Size::S32 { 32u8 } else { 64 };
        match (op, size, count) {
            (ShiftOp::Rotl | ShiftOp::Rotr, _, IntSrc::Imm(imm)) => {
                let count = imm as u8 % bits;
                let right = if op == ShiftOp::Rotr {
                    count
                } else {
                    (bits - count) % bits
                };
                match size {
                    Size::S32 => dynasm!(self.asm ; .arch x64 ; rorx Rd(d), Rd(s), right as i8),
                    Size::S64 => dynasm!(self.asm ; .arch x64 ; rorx Rq(d), Rq(s), right as i8),
                }
            }
            (_, _, IntSrc::Imm(imm)) => {
                self.mov(dst, src);
                let count = (imm as u8 % bits) as i8;
                match (op, size) {
                    (ShiftOp::Shl, Size::S32) => dynasm!(self.asm ; .arch x64 ; shl Rd(d), count),
                    (ShiftOp::Shl, Size::S64) => dynasm!(self.asm ; .arch x64 ; shl Rq(d), count),
                    (ShiftOp::ShrS, Size::S32) => dynasm!(self.asm ; .arch x64 ; sar Rd(d), count),
                    (ShiftOp::ShrS, Size::S64) => dynasm!(self.asm ; .arch x64 ; sar Rq(d), count),
                    (_, Size::S32) => dynasm!(self.asm ; .arch x64 ; shr Rd(d), count),
                    (_, Size::S64) => dynasm!(self.asm ; .arch x64 ; shr Rq(d), count),
                }
            }
            (ShiftOp::Rotl | ShiftOp::Rotr, _, _) => {
                self.mov(dst, src);
                match (op, size) {
                    (ShiftOp::Rotl, Size::S32) => dynasm!(self.asm ; .arch x64 ; rol Rd(d), cl),
                    (ShiftOp::Rotl, Size::S64) => dynasm!(self.asm ; .arch x64 ; rol Rq(d), cl),
                    (_, Size::S32) => dynasm!(self.asm ; .arch x64 ; ror Rd(d), cl),
                    (_, Size::S64) => dynasm!(self.asm ; .arch x64 ; ror Rq(d), cl),
                }
            }
            (_, _, IntSrc::Slot(slot)) => {
                // The count is loaded into the destination: it is read before the result is written.
                debug_assert!(dst != src);
                self.load_slot(dst, slot);
                self.shift(op, size, dst, src, IntSrc::Reg(dst));
            }
            (ShiftOp::Shl, Size::S32, IntSrc::Reg(c)) => {
                dynasm!(self.asm ; .arch x64 ; shlx Rd(d), Rd(s), Rd(c.0))
            }
            (ShiftOp::Shl, Size::S64, IntSrc::Reg(c)) => {
                dynasm!(self.asm ; .arch x64 ; shlx Rq(d), Rq(s), Rq(c.0))
            }
            (ShiftOp::ShrS, Size::S32, IntSrc::Reg(c)) => {
                dynasm!(self.asm ; .arch x64 ; sarx Rd(d), Rd(s), Rd(c.0))
            }
            (ShiftOp::ShrS, Size::S64, IntSrc::Reg(c)) => {
                dynasm!(self.asm ; .arch x64 ; sarx Rq(d), Rq(s), Rq(c.0))
            }
            (ShiftOp::ShrU, Size::S32, IntSrc::Reg(c)) => {
                dynasm!(self.asm ; .arch x64 ; shrx Rd(d), Rd(s), Rd(c.0))
            }
            (ShiftOp::ShrU, Size::S64, IntSrc::Reg(c)) => {
                dynasm!(self.asm ; .arch x64 ; shrx Rq(d), Rq(s), Rq(c.0))
            }
        }
    }

    fn int_unary(&mut self, op: IntUnary, size: Size, dst: Gpr, src: Gpr) {
        let (d, s) = (dst.0, src.0);
        match (op, size) {
            (IntUnary::Clz, Size::S32) => dynasm!(self.asm ; .arch x64 ; lzcnt Rd(d), Rd(s)),
            (IntUnary::Clz, Size::S64) => dynasm!(self.asm ; .arch x64 ; lzcnt Rq(d), Rq(s)),
            (IntUnary::Ctz, Size::S32) => dynasm!(self.asm ; .arch x64 ; tzcnt Rd(d), Rd(s)),
            (IntUnary::Ctz, Size::S64) => dynasm!(self.asm ; .arch x64 ; tzcnt Rq(d), Rq(s)),
            (IntUnary::Popcnt, Size::S32) => dynasm!(self.asm ; .arch x64 ; popcnt Rd(d), Rd(s)),
            (IntUnary::Popcnt, Size::S64) => dynasm!(self.asm ; .arch x64 ; popcnt Rq(d), Rq(s)),
            (IntUnary::Extend8, Size::S32) => dynasm!(self.asm ; .arch x64 ; movsx Rd(d), Rb(s)),
            (IntUnary::Extend8, Size::S64) => dynasm!(self.asm ; .arch x64 ; movsx Rq(d), Rb(s)),
            (IntUnary::Extend16, Size::S32) => dynasm!(self.asm ; .arch x64 ; movsx Rd(d), Rw(s)),
            (IntUnary::Extend16, Size::S64) => dynasm!(self.asm ; .arch x64 ; movsx Rq(d), Rw(s)),
            (IntUnary::Extend32, _) => dynasm!(self.asm ; .arch x64 ; movsxd Rq(d), Rd(s)),
            (IntUnary::Wrap, _) => dynasm!(self.asm ; .arch x64 ; mov Rd(d), Rd(s)),
        }
    }

    fn div<L: Copy>(&mut self, op: DivOp, size: Size, divisor: Gpr, by_zero: L, overflow: L)
    where
        Self: FlowMasm<Label = L>,
    {
        let v = divisor.0;
        self.test(size, divisor);
        self.jump_if(Cond::Equal, by_zero);
        let (ready, done) = (self.label(), self.label());
        if op.signed {
            self.compare(size, divisor, IntSrc::Imm(-1));
            self.jump_if(Cond::NotEqual, ready);
            if op.rem {
                dynasm!(self.asm ; .arch x64 ; xor edx, edx);
                self.jump(done);
            } else {
                match size {
                    Size::S32 => dynasm!(self.asm ; .arch x64 ; cmp eax, i32::MIN),
                    Size::S64 => dynasm!(self.asm ; .arch x64 ; mov rdx, QWORD i64::MIN ; cmp rax, rdx),
                }
                self.jump_if(Cond::Equal, overflow);
            }
            self.bind(ready);
            match size {
                Size::S32 => dynasm!(self.asm ; .arch x64 ; cdq ; idiv Rd(v)),
                Size::S64 => dynasm!(self.asm ; .arch x64 ; cqo ; idiv Rq(v)),
            }
        } else {
            self.bind(ready);
            dynasm!(self.asm ; .arch x64 ; xor edx, edx);
            match size {
                Size::S32 => dynasm!(self.asm ; .arch x64 ; div Rd(v)),
                Size::S64 => dynasm!(self.asm ; .arch x64 ; div Rq(v)),
            }
        }
        self.bind(done);
    }

    fn compare(&mut self, size: Size, lhs: Gpr, rhs: IntSrc) {
        let l = lhs.0;
        match (size, rhs) {
            (_, IntSrc::Imm(0)) => self.test(size, lhs),
            (_, IntSrc::Imm(imm @ -128..=127)) => {
                // The assembler has no name for the form with a constant of one byte.
                let rex = 0x40 | u8::from(size == Size::S64) << 3 | l >> 3;
                dynasm!(self.asm ; .arch x64 ; .u8 rex ; .u8 0x83 ; .u8 0xf8 | l & 7 ; .i8 imm as i8);
            }
            (Size::S32, IntSrc::Imm(imm)) => dynasm!(self.asm ; .arch x64 ; cmp Rd(l), imm),
            (Size::S64, IntSrc::Imm(imm)) => dynasm!(self.asm ; .arch x64 ; cmp Rq(l), imm),
            (Size::S32, IntSrc::Reg(r)) => dynasm!(self.asm ; .arch x64 ; cmp Rd(l), Rd(r.0)),
            (Size::S64, IntSrc::Reg(r)) => dynasm!(self.asm ; .arch x64 ; cmp Rq(l), Rq(r.0)),
            (Size::S32, IntSrc::Slot(s)) => with_slot!(self, s, [cmp Rd(l), DWORD] []),
            (Size::S64, IntSrc::Slot(s)) => with_slot!(self, s, [cmp Rq(l), QWORD] []),
        }
    }

    fn compare_slot(&mut self, size: Size, slot: i32, rhs: i32) {
        match size {
            Size::S32 => with_slot!(self, slot, [cmp DWORD] [, rhs]),
            Size::S64 => with_slot!(self, slot, [cmp QWORD] [, rhs]),
        }
    }

    fn test(&mut self, size: Size, reg: Gpr) {
        match size {
            Size::S32 => dynasm!(self.asm ; .arch x64 ; test Rd(reg.0), Rd(reg.0)),
            Size::S64 => dynasm!(self.asm ; .arch x64 ; test Rq(reg.0), Rq(reg.0)),
        }
    }

    fn test_lowest_bit(&mut self, reg: Gpr) {
        dynasm!(self.asm ; .arch x64 ; test Rb(reg.0), BYTE 1);
    }

    fn set_cond(&mut self, cond: Cond, dst: Gpr) {
        let d = dst.0;
        match cond {
            Cond::Below => dynasm!(self.asm ; .arch x64 ; setb Rb(d)),
            Cond::AboveEqual => dynasm!(self.asm ; .arch x64 ; setae Rb(d)),
            Cond::Equal => dynasm!(self.asm ; .arch x64 ; sete Rb(d)),
            Cond::NotEqual => dynasm!(self.asm ; .arch x64 ; setne Rb(d)),
            Cond::BelowEqual => dynasm!(self.asm ; .arch x64 ; setbe Rb(d)),
            Cond::Above => dynasm!(self.asm ; .arch x64 ; seta Rb(d)),
            Cond::Unordered => dynasm!(self.asm ; .arch x64 ; setp Rb(d)),
            Cond::Ordered => dynasm!(self.asm ; .arch x64 ; setnp Rb(d)),
            Cond::Less => dynasm!(self.asm ; .arch x64 ; setl Rb(d)),
            Cond::GreaterEqual => dynasm!(self.asm ; .arch x64 ; setge Rb(d)),
            Cond::LessEqual => dynasm!(self.asm ; .arch x64 ; setle Rb(d)),
            Cond::Greater => dynasm!(self.asm ; .arch x64 ; setg Rb(d)),
        }
        dynasm!(self.asm ; .arch x64 ; movzx Rd(d), Rb(d));
    }

    fn mov_cond(&mut self, cond: Cond, dst: Gpr, src: IntSrc) {
        macro_rules! cmov {
            ($op:ident) => {
                match src {
                    IntSrc::Reg(r) => dynasm!(self.asm ; .arch x64 ; $op Rq(dst.0), Rq(r.0)),
                    IntSrc::Slot(s) => with_slot!(self, s, [$op Rq(dst.0), QWORD] []),
                    IntSrc::Imm(_) => unreachable!("a conditional move has no immediate form"),
                }
            };
        }
        match cond {
            Cond::Below => cmov!(cmovb),
            Cond::AboveEqual => cmov!(cmovae),
            Cond::Equal => cmov!(cmove),
            Cond::NotEqual => cmov!(cmovne),
            Cond::BelowEqual => cmov!(cmovbe),
            Cond::Above => cmov!(cmova),
            Cond::Unordered => cmov!(cmovp),
            Cond::Ordered => cmov!(cmovnp),
            Cond::Less => cmov!(cmovl),
            Cond::GreaterEqual => cmov!(cmovge),
            Cond::LessEqual => cmov!(cmovle),
            Cond::Greater => cmov!(cmovg),
        }
    }
}

impl X64 {
    /// `dst = src * imm`.
    fn multiply(&mut self, size: Size, dst: Gpr, src: Gpr, imm: i32) {
        let (d, s) = (dst.0, src.0);
        match (size, i8::try_from(imm)) {
            (Size::S32, Ok(short)) => dynasm!(self.asm ; .arch x64 ; imul Rd(d), Rd(s), BYTE short),
            (Size::S64, Ok(short)) => dynasm!(self.asm ; .arch x64 ; imul Rq(d), Rq(s), BYTE short),
            (Size::S32, Err(_)) => dynasm!(self.asm ; .arch x64 ; imul Rd(d), Rd(s), imm),
            (Size::S64, Err(_)) => dynasm!(self.asm ; .arch x64 ; imul Rq(d), Rq(s), imm),
        }
    }

    fn lea(&mut self, size: Size, dst: Gpr, base: Gpr, disp: i32) {
        match (size, i8::try_from(disp)) {
            (Size::S32, Ok(short)) => {
                dynasm!(self.asm ; .arch x64 ; lea Rd(dst.0), [BYTE Rq(base.0) + short])
            }
            (Size::S64, Ok(short)) => {
                dynasm!(self.asm ; .arch x64 ; lea Rq(dst.0), [BYTE Rq(base.0) + short])
            }
            (Size::S32, Err(_)) => dynasm!(self.asm ; .arch x64 ; lea Rd(dst.0), [Rq(base.0) + disp]),
            (Size::S64, Err(_)) => dynasm!(self.asm ; .arch x64 ; lea Rq(dst.0), [Rq(base.0) + disp]),
        }
    }
}
