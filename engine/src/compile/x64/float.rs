//! Floats. Canonical NaNs are positive, quiet, without payload.

use super::super::masm::{
    Cond, FloatMasm, FloatOp, FloatSrc, FloatUnary, FlowMasm, IntMasm, Size, TruncOp, TruncTraps,
};
use super::super::regs::{Gpr, Xmm};
use super::{NanFix, NanKind, SCRATCH, X64, with_slot};
use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi, dynasm};

/// `op dst, lhs, rhs` for a scalar instruction pair and any right-hand side.
macro_rules! scalar {
    ($self:ident, $size:expr, $dst:expr, $lhs:expr, $rhs:expr, $single:ident, $double:ident) => {{
        let (d, l) = ($dst.0, $lhs.0);
        match ($size, $rhs) {
            (Size::S32, FloatSrc::Reg(r)) => dynasm!($self.asm ; .arch x64 ; $single Rx(d), Rx(l), Rx(r.0)),
            (Size::S64, FloatSrc::Reg(r)) => dynasm!($self.asm ; .arch x64 ; $double Rx(d), Rx(l), Rx(r.0)),
            (Size::S32, FloatSrc::Slot(s)) => with_slot!($self, s, [$single Rx(d), Rx(l), DWORD] []),
            (Size::S64, FloatSrc::Slot(s)) => with_slot!($self, s, [$double Rx(d), Rx(l), QWORD] []),
            (Size::S32, FloatSrc::Bits(bits)) => {
                let bits = $self.pooled(bits);
                dynasm!($self.asm ; .arch x64 ; $single Rx(d), Rx(l), DWORD [=>bits])
            }
            (Size::S64, FloatSrc::Bits(bits)) => {
                let bits = $self.pooled(bits);
                dynasm!($self.asm ; .arch x64 ; $double Rx(d), Rx(l), QWORD [=>bits])
            }
        }
    }};
}

impl FloatMasm for X64 {
    fn fmov(&mut self, dst: Xmm, src: Xmm) {
        if dst != src {
            dynasm!(self.asm ; .arch x64 ; vmovaps Rx(dst.0), Rx(src.0));
        }
    }

    fn fswap(&mut self, a: Xmm, b: Xmm) {
        self.fmov(SCRATCH, a);
        self.fmov(a, b);
        self.fmov(b, SCRATCH);
    }

    fn fconst(&mut self, size: Size, dst: Xmm, bits: u64) {
        let bits = if size == Size::S32 {
            bits & 0xffff_ffff
        } else {
            bits
        };
        if bits == 0 {
            dynasm!(self.asm ; .arch x64 ; vxorps Rx(dst.0), Rx(dst.0), Rx(dst.0));
        } else {
            let label = self.pooled(bits);
            dynasm!(self.asm ; .arch x64 ; vmovq Rx(dst.0), QWORD [=>label]);
        }
    }

    fn fload_slot(&mut self, dst: Xmm, slot: i32) {
        with_slot!(self, slot, [vmovq Rx(dst.0), QWORD] []);
    }

    fn fstore_slot(&mut self, slot: i32, src: Xmm) {
        with_slot!(self, slot, [vmovq QWORD] [, Rx(src.0)]);
    }

    fn make_canonical(&mut self, size: Size, reg: Xmm) {
        // Out of line.
        let (label, back) = (self.label(), self.label());
        self.jump_if_nan(size, reg, label);
        self.bind(back);
        self.nans.push(NanFix {
            kind: NanKind::Scalar(size),
            reg,
            label,
            back,
        });
    }

    fn float_op(&mut self, op: FloatOp, size: Size, dst: Xmm, lhs: Xmm, rhs: FloatSrc) {
        match op {
            FloatOp::Add => scalar!(self, size, dst, lhs, rhs, vaddss, vaddsd),
            FloatOp::Sub => scalar!(self, size, dst, lhs, rhs, vsubss, vsubsd),
            FloatOp::Mul => scalar!(self, size, dst, lhs, rhs, vmulss, vmulsd),
            FloatOp::Div => scalar!(self, size, dst, lhs, rhs, vdivss, vdivsd),
            FloatOp::Min | FloatOp::Max => self.min_max(op == FloatOp::Max, size, dst, lhs, rhs),
            FloatOp::Copysign => self.copysign(size, dst, lhs, rhs),
        }
    }

    fn float_unary(&mut self, op: FloatUnary, size: Size, dst: Xmm, src: Xmm) {
        let sign = self.pooled(if size == Size::S32 { 1 << 31 } else { 1 << 63 });
        let (d, s) = (dst.0, src.0);
        let rounding = match op {
            FloatUnary::Abs => {
                dynasm!(self.asm ; .arch x64 ; vmovq xmm15, QWORD [=>sign] ; vandnps Rx(d), xmm15, Rx(s));
                return;
            }
            FloatUnary::Neg => {
                dynasm!(self.asm ; .arch x64 ; vmovq xmm15, QWORD [=>sign] ; vxorps Rx(d), xmm15, Rx(s));
                return;
            }
            FloatUnary::Sqrt => {
                match size {
                    Size::S32 => dynasm!(self.asm ; .arch x64 ; vsqrtss Rx(d), Rx(s), Rx(s)),
                    Size::S64 => dynasm!(self.asm ; .arch x64 ; vsqrtsd Rx(d), Rx(s), Rx(s)),
                }
                return;
            }
            FloatUnary::Nearest => 8,
            FloatUnary::Floor => 9,
            FloatUnary::Ceil => 10,
            FloatUnary::Trunc => 11,
        };
        match size {
            Size::S32 => dynasm!(self.asm ; .arch x64 ; vroundss Rx(d), Rx(s), Rx(s), rounding),
            Size::S64 => dynasm!(self.asm ; .arch x64 ; vroundsd Rx(d), Rx(s), Rx(s), rounding),
        }
    }

    fn fcompare(&mut self, size: Size, lhs: Xmm, rhs: FloatSrc) {
        let l = lhs.0;
        match (size, rhs) {
            (Size::S32, FloatSrc::Reg(r)) => dynasm!(self.asm ; .arch x64 ; vucomiss Rx(l), Rx(r.0)),
            (Size::S64, FloatSrc::Reg(r)) => dynasm!(self.asm ; .arch x64 ; vucomisd Rx(l), Rx(r.0)),
            (Size::S32, FloatSrc::Slot(s)) => with_slot!(self, s, [vucomiss Rx(l), DWORD] []),
            (Size::S64, FloatSrc::Slot(s)) => with_slot!(self, s, [vucomisd Rx(l), QWORD] []),
            (Size::S32, FloatSrc::Bits(bits)) => {
                let bits = self.pooled(bits);
                dynasm!(self.asm ; .arch x64 ; vucomiss Rx(l), DWORD [=>bits]);
            }
            (Size::S64, FloatSrc::Bits(bits)) => {
                let bits = self.pooled(bits);
                dynasm!(self.asm ; .arch x64 ; vucomisd Rx(l), QWORD [=>bits]);
            }
        }
    }

    fn fequal(&mut self, size: Size, dst: Gpr, lhs: Xmm, rhs: FloatSrc, negated: bool) {
        let rhs = self.in_register(size, rhs);
        let predicate = if negated { 4 } else { 0 };
        match size {
            Size::S32 => dynasm!(self.asm ; .arch x64 ; vcmpss xmm15, Rx(lhs.0), Rx(rhs.0), predicate),
            Size::S64 => dynasm!(self.asm ; .arch x64 ; vcmpsd xmm15, Rx(lhs.0), Rx(rhs.0), predicate),
        }
        dynasm!(self.asm ; .arch x64 ; vmovd Rd(dst.0), xmm15 ; and Rd(dst.0), 1);
    }

    fn bits_from_float(&mut self, size: Size, dst: Gpr, src: Xmm) {
        match size {
            Size::S32 => dynasm!(self.asm ; .arch x64 ; vmovd Rd(dst.0), Rx(src.0)),
            Size::S64 => dynasm!(self.asm ; .arch x64 ; vmovq Rq(dst.0), Rx(src.0)),
        }
    }

    fn float_from_bits(&mut self, size: Size, dst: Xmm, src: Gpr) {
        match size {
            Size::S32 => dynasm!(self.asm ; .arch x64 ; vmovd Rx(dst.0), Rd(src.0)),
            Size::S64 => dynasm!(self.asm ; .arch x64 ; vmovq Rx(dst.0), Rq(src.0)),
        }
    }

    fn convert(&mut self, from: Size, signed: bool, to: Size, dst: Xmm, src: Gpr, temp: Gpr) {
        // A zeroed second source breaks the dependency on the destination's old value.
        dynasm!(self.asm ; .arch x64 ; vxorps xmm15, xmm15, xmm15);
        match (from, signed) {
            (Size::S32, true) => match to {
                Size::S32 => dynasm!(self.asm ; .arch x64 ; vcvtsi2ss Rx(dst.0), xmm15, Rd(src.0)),
                Size::S64 => dynasm!(self.asm ; .arch x64 ; vcvtsi2sd Rx(dst.0), xmm15, Rd(src.0)),
            },
            // An unsigned 32-bit value is zero-extended, so it is a non-negative 64-bit one.
            (Size::S32, false) | (Size::S64, true) => self.convert_i64(to, dst, src),
            (Size::S64, false) => {
                let (large, done) = (self.label(), self.label());
                self.test(Size::S64, src);
                self.jump_if(Cond::Less, large);
                self.convert_i64(to, dst, src);
                self.jump(done);
                self.bind(large);
                // Halve, keeping the lowest bit so that rounding is right, convert, double.
                dynasm!(self.asm
                    ; .arch x64
                    ; mov Rq(temp.0), Rq(src.0)
                    ; shr Rq(temp.0), 1
                    ; jnc >even
                    ; or Rq(temp.0), 1
                    ; even:
                );
                self.convert_i64(to, dst, temp);
                match to {
                    Size::S32 => dynasm!(self.asm ; .arch x64 ; vaddss Rx(dst.0), Rx(dst.0), Rx(dst.0)),
                    Size::S64 => dynasm!(self.asm ; .arch x64 ; vaddsd Rx(dst.0), Rx(dst.0), Rx(dst.0)),
                }
                self.bind(done);
            }
        }
    }

    fn trunc(&mut self, op: TruncOp, dst: Gpr, src: Xmm, temp: Gpr, traps: TruncTraps<DynamicLabel>) {
        let done = self.label();
        match (op.signed, op.to) {
            (true, _) => {
                self.truncate(op.from, op.to, dst, src);
                self.jump_unless_indefinite(op.to, dst, done);
                self.jump_if_nan(op.from, src, traps.nan);
                // The result is the most negative integer: right for inputs that truncate to it, and the
                // processor's word for everything out of range.
                let (bound, inclusive) = most_negative(op.from, op.to);
                self.fcompare(op.from, src, FloatSrc::Bits(bound));
                self.jump_if(
                    if inclusive { Cond::BelowEqual } else { Cond::Below },
                    traps.overflow,
                );
                self.fcompare(op.from, src, FloatSrc::Bits(0));
                self.jump_if(Cond::AboveEqual, traps.overflow);
            }
            (false, Size::S32) => {
                self.truncate(op.from, Size::S64, dst, src);
                dynasm!(self.asm ; .arch x64 ; mov Rd(temp.0), Rd(dst.0) ; cmp Rq(temp.0), Rq(dst.0));
                self.jump_if(Cond::Equal, done);
                self.jump_if_nan(op.from, src, traps.nan);
                self.jump(traps.overflow);
            }
            (false, Size::S64) => {
                let large = self.label();
                self.fconst(op.from, SCRATCH, two_to_the_63(op.from));
                self.fcompare(op.from, src, FloatSrc::Reg(SCRATCH));
                self.jump_if(Cond::AboveEqual, large);
                self.truncate(op.from, Size::S64, dst, src);
                self.test(Size::S64, dst);
                self.jump_if(Cond::GreaterEqual, done);
                self.jump_if_nan(op.from, src, traps.nan);
                self.jump(traps.overflow);
                self.bind(large);
                self.truncate_large(op.from, dst, src);
                self.jump_if(Cond::Less, traps.overflow);
                dynasm!(self.asm ; .arch x64 ; btc Rq(dst.0), 63);
            }
        }
        self.bind(done);
    }

    fn trunc_sat(&mut self, op: TruncOp, dst: Gpr, src: Xmm, temp: Gpr) {
        let done = self.label();
        match (op.signed, op.to) {
            (true, _) => {
                self.truncate(op.from, op.to, dst, src);
                self.jump_unless_indefinite(op.to, dst, done);
                let (min, max) = match op.to {
                    Size::S32 => (u64::from(i32::MIN as u32), i32::MAX as u64),
                    Size::S64 => (i64::MIN as u64, i64::MAX as u64),
                };
                self.fcompare(op.from, src, FloatSrc::Bits(0));
                self.mov_imm(dst, 0);
                self.jump_if(Cond::Unordered, done);
                self.mov_imm(dst, max);
                self.jump_if(Cond::Above, done);
                self.mov_imm(dst, min);
            }
            (false, Size::S32) => {
                self.truncate(op.from, Size::S64, dst, src);
                dynasm!(self.asm ; .arch x64 ; mov Rd(temp.0), Rd(dst.0) ; cmp Rq(temp.0), Rq(dst.0));
                self.jump_if(Cond::Equal, done);
                self.fcompare(op.from, src, FloatSrc::Bits(0));
                self.mov_imm(dst, 0);
                self.jump_if(Cond::BelowEqual, done);
                self.mov_imm(dst, u64::from(u32::MAX));
            }
            (false, Size::S64) => {
                let large = self.label();
                self.fconst(op.from, SCRATCH, two_to_the_63(op.from));
                self.fcompare(op.from, src, FloatSrc::Reg(SCRATCH));
                self.jump_if(Cond::AboveEqual, large);
                self.truncate(op.from, Size::S64, dst, src);
                self.test(Size::S64, dst);
                self.jump_if(Cond::GreaterEqual, done);
                self.mov_imm(dst, 0);
                self.jump(done);
                self.bind(large);
                self.truncate_large(op.from, dst, src);
                dynasm!(self.asm ; .arch x64 ; js >huge ; btc Rq(dst.0), 63);
                self.jump(done);
                dynasm!(self.asm ; .arch x64 ; huge:);
                self.mov_imm(dst, u64::MAX);
            }
        }
        self.bind(done);
    }

    fn demote(&mut self, dst: Xmm, src: Xmm) {
        dynasm!(self.asm ; .arch x64 ; vcvtsd2ss Rx(dst.0), Rx(src.0), Rx(src.0));
    }

    fn promote(&mut self, dst: Xmm, src: Xmm) {
        dynasm!(self.asm ; .arch x64 ; vcvtss2sd Rx(dst.0), Rx(src.0), Rx(src.0));
    }
}

/// The bound below which a signed truncation overflows: (bits, whether the bound itself does).
fn most_negative(from: Size, to: Size) -> (u64, bool) {
    match (from, to) {
        (Size::S64, Size::S32) => ((-2_147_483_649.0f64).to_bits(), true),
        (Size::S64, Size::S64) => ((-9_223_372_036_854_775_808.0f64).to_bits(), false),
        (Size::S32, Size::S32) => (u64::from((-2_147_483_648.0f32).to_bits()), false),
        (Size::S32, Size::S64) => (u64::from((-9_223_372_036_854_775_808.0f32).to_bits()), false),
    }
}

fn two_to_the_63(size: Size) -> u64 {
    match size {
        Size::S32 => u64::from(9_223_372_036_854_775_808.0f32.to_bits()),
        Size::S64 => 9_223_372_036_854_775_808.0f64.to_bits(),
    }
}

impl X64 {
    fn jump_if_nan(&mut self, size: Size, reg: Xmm, to: DynamicLabel) {
        self.fcompare(size, reg, FloatSrc::Reg(reg));
        self.jump_if(Cond::Unordered, to);
    }

    /// The operand in a register: its own, or the scratch.
    fn in_register(&mut self, size: Size, src: FloatSrc) -> Xmm {
        match src {
            FloatSrc::Reg(reg) => return reg,
            FloatSrc::Slot(slot) => self.fload_slot(SCRATCH, slot),
            FloatSrc::Bits(bits) => self.fconst(size, SCRATCH, bits),
        }
        SCRATCH
    }

    fn min_max(&mut self, max: bool, size: Size, dst: Xmm, lhs: Xmm, rhs: FloatSrc) {
        let rhs = self.in_register(size, rhs);
        let (l, r) = (lhs.0, rhs.0);
        self.fcompare(size, lhs, FloatSrc::Reg(rhs));
        let (different, unordered, done) = (self.label(), self.label(), self.label());
        self.jump_if(Cond::Unordered, unordered);
        self.jump_if(Cond::NotEqual, different);
        // Equal: only the signs of zeros can differ.
        if max {
            dynasm!(self.asm ; .arch x64 ; vandps xmm15, Rx(l), Rx(r));
        } else {
            dynasm!(self.asm ; .arch x64 ; vorps xmm15, Rx(l), Rx(r));
        }
        self.jump(done);
        self.bind(unordered);
        self.fconst(
            size,
            SCRATCH,
            if size == Size::S32 {
                0x7fc0_0000
            } else {
                0x7ff8 << 48
            },
        );
        self.jump(done);
        self.bind(different);
        match (max, size) {
            (false, Size::S32) => dynasm!(self.asm ; .arch x64 ; vminss xmm15, Rx(l), Rx(r)),
            (false, Size::S64) => dynasm!(self.asm ; .arch x64 ; vminsd xmm15, Rx(l), Rx(r)),
            (true, Size::S32) => dynasm!(self.asm ; .arch x64 ; vmaxss xmm15, Rx(l), Rx(r)),
            (true, Size::S64) => dynasm!(self.asm ; .arch x64 ; vmaxsd xmm15, Rx(l), Rx(r)),
        }
        self.bind(done);
        self.fmov(dst, SCRATCH);
    }

    /// `rhs` must be a register.
    fn copysign(&mut self, size: Size, dst: Xmm, lhs: Xmm, rhs: FloatSrc) {
        let FloatSrc::Reg(rhs) = rhs else {
            unreachable!("copysign takes registers")
        };
        // The same register twice: what is left of it would not do for both halves.
        if lhs == rhs {
            dynasm!(self.asm ; .arch x64 ; vmovaps Rx(dst.0), Rx(lhs.0));
            return;
        }
        let sign = self.pooled(if size == Size::S32 { 1 << 31 } else { 1 << 63 });
        let (d, l, r) = (dst.0, lhs.0, rhs.0);
        dynasm!(self.asm ; .arch x64 ; vmovq xmm15, QWORD [=>sign]);
        if dst == rhs {
            dynasm!(self.asm ; .arch x64 ; vandps Rx(d), xmm15, Rx(r) ; vandnps xmm15, xmm15, Rx(l));
        } else {
            dynasm!(self.asm ; .arch x64 ; vandnps Rx(d), xmm15, Rx(l) ; vandps xmm15, xmm15, Rx(r));
        }
        dynasm!(self.asm ; .arch x64 ; vorps Rx(d), Rx(d), xmm15);
    }

    fn convert_i64(&mut self, to: Size, dst: Xmm, src: Gpr) {
        match to {
            Size::S32 => dynasm!(self.asm ; .arch x64 ; vcvtsi2ss Rx(dst.0), xmm15, Rq(src.0)),
            Size::S64 => dynasm!(self.asm ; .arch x64 ; vcvtsi2sd Rx(dst.0), xmm15, Rq(src.0)),
        }
    }

    fn truncate(&mut self, from: Size, to: Size, dst: Gpr, src: Xmm) {
        match (from, to) {
            (Size::S32, Size::S32) => dynasm!(self.asm ; .arch x64 ; vcvttss2si Rd(dst.0), Rx(src.0)),
            (Size::S32, Size::S64) => dynasm!(self.asm ; .arch x64 ; vcvttss2si Rq(dst.0), Rx(src.0)),
            (Size::S64, Size::S32) => dynasm!(self.asm ; .arch x64 ; vcvttsd2si Rd(dst.0), Rx(src.0)),
            (Size::S64, Size::S64) => dynasm!(self.asm ; .arch x64 ; vcvttsd2si Rq(dst.0), Rx(src.0)),
        }
    }

    /// Truncates `src` minus the 2^63 in the scratch; the sign flag says that it was still too large.
    fn truncate_large(&mut self, from: Size, dst: Gpr, src: Xmm) {
        match from {
            Size::S32 => dynasm!(self.asm ; .arch x64 ; vsubss xmm15, Rx(src.0), xmm15),
            Size::S64 => dynasm!(self.asm ; .arch x64 ; vsubsd xmm15, Rx(src.0), xmm15),
        }
        self.truncate(from, Size::S64, dst, SCRATCH);
        self.test(Size::S64, dst);
    }

    /// Jumps unless the register holds what the processor answers for everything out of range.
    fn jump_unless_indefinite(&mut self, to: Size, reg: Gpr, target: DynamicLabel) {
        match to {
            Size::S32 => dynasm!(self.asm ; .arch x64 ; cmp Rd(reg.0), 1 ; jno =>target),
            Size::S64 => dynasm!(self.asm ; .arch x64 ; cmp Rq(reg.0), 1 ; jno =>target),
        }
    }
}
