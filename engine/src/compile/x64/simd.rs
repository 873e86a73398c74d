//! Vectors: places, integer arithmetic, comparisons and shifts. Three-operand AVX instructions throughout; a memory
//! operand of those needs no alignment. Floats are in [`simd_float`](super::simd_float), single lanes in
//! [`simd_lane`](super::simd_lane).

use super::super::masm::{Address, Cond, IntSrc, Size};
use super::super::masm_simd::{Half, Lane, SimdMasm, VecLoad, VecOp, VecShift, VecTemps, VecUnary};
use super::super::regs::{Gpr, Xmm};
use super::{SCRATCH, X64, with_slot};
use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi, dynasm};

/// Selectors of `vpshufd`.
const UPPER_HALF: i8 = 0xeeu8 as i8;
const PAIRS_EXCHANGED: i8 = 0xb1u8 as i8;
const LOWER_TO_EVEN: i8 = 0x50;
const UPPER_TO_EVEN: i8 = 0xfau8 as i8;

/// The signs of two 64-bit lanes.
const SIGNS_64: u128 = 1 << 127 | 1 << 63;

/// The same byte 16 times.
pub(super) const fn bytes(byte: u8) -> u128 {
    u128::from_le_bytes([byte; 16])
}

/// The same 16 bits 8 times.
const fn words(word: u16) -> u128 {
    word as u128 * (u128::MAX / 0xffff)
}

/// The visitor asks for what there is.
pub(super) fn no_such<T>(what: impl std::fmt::Debug) -> T {
    unreachable!("there is no vector instruction {what:?}")
}

impl SimdMasm for X64 {
    fn vconst(&mut self, dst: Xmm, bits: u128) {
        if bits == 0 {
            dynasm!(self.asm ; .arch x64 ; vpxor Rx(dst.0), Rx(dst.0), Rx(dst.0));
        } else if bits == u128::MAX {
            dynasm!(self.asm ; .arch x64 ; vpcmpeqd Rx(dst.0), Rx(dst.0), Rx(dst.0));
        } else {
            let label = self.pooled_vector(bits);
            dynasm!(self.asm ; .arch x64 ; vmovups Rx(dst.0), [=>label]);
        }
    }

    fn vload_slot(&mut self, dst: Xmm, slot: i32) {
        with_slot!(self, slot, [vmovups Rx(dst.0), OWORD] []);
    }

    fn vstore_slot(&mut self, slot: i32, src: Xmm) {
        with_slot!(self, slot, [vmovups OWORD] [, Rx(src.0)]);
    }

    fn vcopy_slot(&mut self, dst: i32, src: i32) {
        with_slot!(self, src, [vmovups xmm15, OWORD] []);
        with_slot!(self, dst, [vmovups OWORD] [, xmm15]);
    }

    fn vload_field(&mut self, dst: Xmm, base: Option<Gpr>, offset: i32) {
        match base {
            Some(base) => dynasm!(self.asm ; .arch x64 ; vmovups Rx(dst.0), OWORD [Rq(base.0) + offset]),
            None => dynasm!(self.asm ; .arch x64 ; vmovups Rx(dst.0), OWORD [r14 + offset]),
        }
    }

    fn vstore_field(&mut self, base: Option<Gpr>, offset: i32, src: Xmm) {
        match base {
            Some(base) => dynasm!(self.asm ; .arch x64 ; vmovups OWORD [Rq(base.0) + offset], Rx(src.0)),
            None => dynasm!(self.asm ; .arch x64 ; vmovups OWORD [r14 + offset], Rx(src.0)),
        }
    }

    fn vstore_outgoing(&mut self, offset: u32, src: Xmm) {
        dynasm!(self.asm ; .arch x64 ; vmovups OWORD [rsp + offset as i32], Rx(src.0));
    }

    fn vcopy_to_outgoing(&mut self, offset: u32, slot: i32) {
        with_slot!(self, slot, [vmovups xmm15, OWORD] []);
        dynasm!(self.asm ; .arch x64 ; vmovups OWORD [rsp + offset as i32], xmm15);
    }

    fn vcopy_from_outgoing(&mut self, slot: i32, offset: u32) {
        dynasm!(self.asm ; .arch x64 ; vmovups xmm15, OWORD [rsp + offset as i32]);
        with_slot!(self, slot, [vmovups OWORD] [, xmm15]);
    }

    fn vload(&mut self, load: VecLoad, dst: Xmm, at: Address) -> u32 {
        self.vector_load(load, dst, at)
    }

    fn vstore(&mut self, at: Address, src: Xmm) -> u32 {
        self.vector_store(at, src)
    }

    fn vload_lane(&mut self, lane: Lane, index: u8, dst: Xmm, src: Xmm, at: Address) -> u32 {
        self.lane_load(lane, index as i8, dst, src, at)
    }

    fn vstore_lane(&mut self, lane: Lane, index: u8, at: Address, src: Xmm) -> u32 {
        self.lane_store(lane, index as i8, at, src)
    }

    fn vec_op(&mut self, op: VecOp, dst: Xmm, lhs: Xmm, rhs: Xmm) {
        use Lane::{I8, I16, I32, I64};
        let (d, l, r) = (dst.0, lhs.0, rhs.0);
        macro_rules! emit {
            ($name:ident) => {
                dynasm!(self.asm ; .arch x64 ; $name Rx(d), Rx(l), Rx(r))
            };
        }
        match op {
            VecOp::And => emit!(vpand),
            VecOp::AndNot => dynasm!(self.asm ; .arch x64 ; vpandn Rx(d), Rx(r), Rx(l)),
            VecOp::Or => emit!(vpor),
            VecOp::Xor => emit!(vpxor),
            VecOp::Add(I8) => emit!(vpaddb),
            VecOp::Add(I16) => emit!(vpaddw),
            VecOp::Add(I32) => emit!(vpaddd),
            VecOp::Add(I64) => emit!(vpaddq),
            VecOp::Sub(I8) => emit!(vpsubb),
            VecOp::Sub(I16) => emit!(vpsubw),
            VecOp::Sub(I32) => emit!(vpsubd),
            VecOp::Sub(I64) => emit!(vpsubq),
            VecOp::Mul(I16) => emit!(vpmullw),
            VecOp::Mul(I32) => emit!(vpmulld),
            VecOp::Mul(I64) => self.multiply_64(dst, lhs, rhs),
            VecOp::AddSat(I8, true) => emit!(vpaddsb),
            VecOp::AddSat(I8, false) => emit!(vpaddusb),
            VecOp::AddSat(I16, true) => emit!(vpaddsw),
            VecOp::AddSat(I16, false) => emit!(vpaddusw),
            VecOp::SubSat(I8, true) => emit!(vpsubsb),
            VecOp::SubSat(I8, false) => emit!(vpsubusb),
            VecOp::SubSat(I16, true) => emit!(vpsubsw),
            VecOp::SubSat(I16, false) => emit!(vpsubusw),
            VecOp::Min(lane, signed) => self.minimum(lane, signed, dst, lhs, rhs),
            VecOp::Max(lane, signed) => self.maximum(lane, signed, dst, lhs, rhs),
            VecOp::Average(I8) => emit!(vpavgb),
            VecOp::Average(I16) => emit!(vpavgw),
            VecOp::Eq(lane) => self.equal(lane, dst, lhs, rhs),
            VecOp::Ne(lane) => {
                self.equal(lane, dst, lhs, rhs);
                self.invert(dst, dst);
            }
            VecOp::Gt(lane, true) => self.greater(lane, dst, lhs, rhs),
            VecOp::Gt(lane, false) => {
                // Not (rhs >= lhs).
                self.maximum(lane, false, SCRATCH, lhs, rhs);
                self.equal(lane, dst, SCRATCH, rhs);
                self.invert(dst, dst);
            }
            VecOp::Ge(I64, true) => {
                self.greater(I64, dst, rhs, lhs);
                self.invert(dst, dst);
            }
            VecOp::Ge(lane, signed) => {
                self.maximum(lane, signed, SCRATCH, lhs, rhs);
                self.equal(lane, dst, SCRATCH, lhs);
            }
            VecOp::Narrow(I16, true) => emit!(vpacksswb),
            VecOp::Narrow(I16, false) => emit!(vpackuswb),
            VecOp::Narrow(I32, true) => emit!(vpackssdw),
            VecOp::Narrow(I32, false) => emit!(vpackusdw),
            VecOp::ExtMul(lane, signed, half) => self.extended_multiply(lane, signed, half, dst, (lhs, rhs)),
            VecOp::Dot => emit!(vpmaddwd),
            VecOp::Q15MulrSat => {
                // Only -1 times -1 overflows, to the most negative number.
                emit!(vpmulhrsw);
                let overflown = self.pooled_vector(words(0x8000));
                dynasm!(self.asm
                    ; .arch x64
                    ; vpcmpeqw xmm15, Rx(d), OWORD [=>overflown]
                    ; vpxor Rx(d), Rx(d), xmm15
                );
            }
            VecOp::Swizzle => {
                // `vpshufb` gives 0 where an index has its highest bit: so that all over 15 have it.
                let bias = self.pooled_vector(bytes(0x70));
                dynasm!(self.asm
                    ; .arch x64
                    ; vpaddusb xmm15, Rx(r), OWORD [=>bias]
                    ; vpshufb Rx(d), Rx(l), xmm15
                );
            }
            VecOp::Float(op, size) => self.float_lanes(op, size, dst, lhs, rhs),
            VecOp::FloatCmp(cmp, size) => self.compare_float_lanes(cmp, size, dst, lhs, rhs),
            VecOp::Mul(_) | VecOp::AddSat(..) | VecOp::SubSat(..) | VecOp::Average(_) | VecOp::Narrow(..) => {
                no_such(op)
            }
        }
    }

    fn vec_unary(&mut self, op: VecUnary, dst: Xmm, src: Xmm, temp: Xmm) {
        let (d, s) = (dst.0, src.0);
        match op {
            VecUnary::Not => self.invert(dst, src),
            VecUnary::Neg(lane) => {
                self.vconst(SCRATCH, 0);
                self.vec_op(VecOp::Sub(lane), dst, SCRATCH, src);
            }
            VecUnary::Abs(Lane::I8) => dynasm!(self.asm ; .arch x64 ; vpabsb Rx(d), Rx(s)),
            VecUnary::Abs(Lane::I16) => dynasm!(self.asm ; .arch x64 ; vpabsw Rx(d), Rx(s)),
            VecUnary::Abs(Lane::I32) => dynasm!(self.asm ; .arch x64 ; vpabsd Rx(d), Rx(s)),
            VecUnary::Abs(Lane::I64) => dynasm!(self.asm
                ; .arch x64
                ; vpxor xmm15, xmm15, xmm15
                ; vpsubq xmm15, xmm15, Rx(s)
                ; vblendvpd Rx(d), Rx(s), xmm15, Rx(s)
            ),
            VecUnary::Popcnt => self.popcount(dst, src, temp),
            VecUnary::Extend(lane, signed, half) => self.extend(lane, signed, half, dst, src),
            VecUnary::ExtAddPairwise(lane, signed) => self.add_pairs(lane, signed, dst, src),
            VecUnary::FloatAbs(_)
            | VecUnary::FloatNeg(_)
            | VecUnary::Sqrt(_)
            | VecUnary::Ceil(_)
            | VecUnary::Floor(_)
            | VecUnary::Trunc(_)
            | VecUnary::Nearest(_)
            | VecUnary::Convert(..)
            | VecUnary::TruncSat(..)
            | VecUnary::Demote
            | VecUnary::Promote => self.float_lanes_unary(op, dst, src, temp),
        }
    }

    fn vec_shift(&mut self, op: VecShift, lane: Lane, dst: Xmm, src: Xmm, count: IntSrc, temps: VecTemps) {
        let (g, t, d, s) = (temps.gpr.0, temps.xmm.0, dst.0, src.0);
        let count = match count {
            IntSrc::Imm(count) => return self.shift_by(op, lane, dst, src, count),
            IntSrc::Reg(count) => count,
            IntSrc::Slot(slot) => no_such(slot),
        };
        let mask = i32::from(lane.bits() - 1);
        dynasm!(self.asm ; .arch x64 ; mov Rd(g), Rd(count.0) ; and Rd(g), mask);
        if lane == Lane::I8 && op != VecShift::Shl {
            // Bytes are shifted to the right as the upper halves of 16 bits.
            dynasm!(self.asm ; .arch x64 ; add Rd(g), 8);
        }
        dynasm!(self.asm ; .arch x64 ; vmovd xmm15, Rd(g));
        match (lane, op) {
            (Lane::I8, VecShift::Shl) => {
                // Whole words, and then without the bits that came from the byte below.
                dynasm!(self.asm
                    ; .arch x64
                    ; vpcmpeqd Rx(t), Rx(t), Rx(t)
                    ; vpsllw Rx(t), Rx(t), xmm15
                    ; vpsllw Rx(t), Rx(t), 8
                    ; vpsrlw Rx(t), Rx(t), 8
                    ; vpackuswb Rx(t), Rx(t), Rx(t)
                    ; vpsllw Rx(d), Rx(s), xmm15
                    ; vpand Rx(d), Rx(d), Rx(t)
                );
            }
            (Lane::I8, _) => {
                dynasm!(self.asm
                    ; .arch x64
                    ; vpunpckhbw Rx(t), Rx(s), Rx(s)
                    ; vpunpcklbw Rx(d), Rx(s), Rx(s)
                );
                self.shift_by_scratch(op, Lane::I16, dst, dst);
                self.shift_by_scratch(op, Lane::I16, temps.xmm, temps.xmm);
                self.vec_op(
                    VecOp::Narrow(Lane::I16, op == VecShift::ShrS),
                    dst,
                    dst,
                    temps.xmm,
                );
            }
            (Lane::I64, VecShift::ShrS) => {
                // As in `shift_by`.
                let sign = self.pooled_vector(SIGNS_64);
                dynasm!(self.asm
                    ; .arch x64
                    ; vmovups Rx(t), [=>sign]
                    ; vpsrlq Rx(t), Rx(t), xmm15
                    ; vpsrlq Rx(d), Rx(s), xmm15
                    ; vpxor Rx(d), Rx(d), Rx(t)
                    ; vpsubq Rx(d), Rx(d), Rx(t)
                );
            }
            _ => self.shift_by_scratch(op, lane, dst, src),
        }
    }

    fn vec_select(&mut self, dst: Xmm, ones: Xmm, zeros: Xmm, mask: Xmm) {
        dynasm!(self.asm
            ; .arch x64
            ; vpandn xmm15, Rx(mask.0), Rx(zeros.0)
            ; vpand Rx(dst.0), Rx(ones.0), Rx(mask.0)
            ; vpor Rx(dst.0), Rx(dst.0), xmm15
        );
    }

    fn shuffle(&mut self, dst: Xmm, lhs: Xmm, rhs: Xmm, indices: [u8; 16]) {
        self.shuffle_bytes(dst, lhs, rhs, indices);
    }

    fn vec_madd(&mut self, negated: bool, size: Size, dst: Xmm, factors: (Xmm, Xmm), c: Xmm) {
        self.multiply_add(negated, size, dst, factors, c);
    }

    fn vec_dot_bytes(&mut self, dst: Xmm, lhs: Xmm, rhs: Xmm, temp: Xmm) {
        let (d, l, r, t) = (dst.0, lhs.0, rhs.0, temp.0);
        // Even and odd bytes apart, since `vpmaddubsw` takes one side as unsigned.
        dynasm!(self.asm
            ; .arch x64
            ; vpsllw Rx(t), Rx(l), 8
            ; vpsraw Rx(t), Rx(t), 8
            ; vpsllw xmm15, Rx(r), 8
            ; vpsraw xmm15, xmm15, 8
            ; vpmullw Rx(t), Rx(t), xmm15
            ; vpsraw xmm15, Rx(r), 8
            ; vpsraw Rx(d), Rx(l), 8
            ; vpmullw Rx(d), Rx(d), xmm15
            ; vpaddsw Rx(d), Rx(d), Rx(t)
        );
    }

    fn any_true(&mut self, src: Xmm) -> Cond {
        dynasm!(self.asm ; .arch x64 ; vptest Rx(src.0), Rx(src.0));
        Cond::NotEqual
    }

    fn all_true(&mut self, lane: Lane, src: Xmm) -> Cond {
        self.vconst(SCRATCH, 0);
        self.equal(lane, SCRATCH, SCRATCH, src);
        dynasm!(self.asm ; .arch x64 ; vptest xmm15, xmm15);
        Cond::Equal
    }

    fn bitmask(&mut self, lane: Lane, dst: Gpr, src: Xmm) {
        let (d, s) = (dst.0, src.0);
        // The SSE forms, since the assembler has no others; they write no vector register.
        match lane {
            Lane::I8 => dynasm!(self.asm ; .arch x64 ; pmovmskb Rd(d), Rx(s)),
            Lane::I16 => dynasm!(self.asm
                ; .arch x64
                ; vpxor xmm15, xmm15, xmm15
                ; vpacksswb xmm15, Rx(s), xmm15
                ; pmovmskb Rd(d), xmm15
            ),
            Lane::I32 => dynasm!(self.asm ; .arch x64 ; movmskps Rd(d), Rx(s)),
            Lane::I64 => dynasm!(self.asm ; .arch x64 ; movmskpd Rd(d), Rx(s)),
        }
    }

    fn splat(&mut self, lane: Lane, dst: Xmm, src: Gpr) {
        self.splat_lane(lane, dst, src);
    }

    fn fsplat(&mut self, size: Size, dst: Xmm, src: Xmm) {
        match size {
            Size::S32 => dynasm!(self.asm ; .arch x64 ; vpshufd Rx(dst.0), Rx(src.0), 0),
            Size::S64 => dynasm!(self.asm ; .arch x64 ; vmovddup Rx(dst.0), Rx(src.0)),
        }
    }

    fn extract(&mut self, lane: Lane, index: u8, signed: bool, dst: Gpr, src: Xmm) {
        self.extract_lane(lane, index as i8, signed, dst, src);
    }

    fn fextract(&mut self, size: Size, index: u8, dst: Xmm, src: Xmm) {
        self.extract_float_lane(size, index as i8, dst, src);
    }

    fn replace(&mut self, lane: Lane, index: u8, dst: Xmm, src: Xmm, value: Gpr) {
        self.replace_lane(lane, index as i8, dst, src, value);
    }

    fn freplace(&mut self, size: Size, index: u8, dst: Xmm, src: Xmm, value: Xmm) {
        self.replace_float_lane(size, index as i8, dst, src, value);
    }
}

impl X64 {
    /// The label of a 16-byte constant in the pool.
    pub(super) fn pooled_vector(&mut self, bits: u128) -> DynamicLabel {
        if let Some(&label) = self.pooled_vectors.get(&bits) {
            return label;
        }
        let label = self.asm.new_dynamic_label();
        self.vector_pool.push((bits, label));
        self.pooled_vectors.insert(bits, label);
        label
    }

    fn invert(&mut self, dst: Xmm, src: Xmm) {
        dynasm!(self.asm
            ; .arch x64
            ; vpcmpeqd xmm15, xmm15, xmm15
            ; vpxor Rx(dst.0), Rx(src.0), xmm15
        );
    }

    fn equal(&mut self, lane: Lane, dst: Xmm, lhs: Xmm, rhs: Xmm) {
        let (d, l, r) = (dst.0, lhs.0, rhs.0);
        match lane {
            Lane::I8 => dynasm!(self.asm ; .arch x64 ; vpcmpeqb Rx(d), Rx(l), Rx(r)),
            Lane::I16 => dynasm!(self.asm ; .arch x64 ; vpcmpeqw Rx(d), Rx(l), Rx(r)),
            Lane::I32 => dynasm!(self.asm ; .arch x64 ; vpcmpeqd Rx(d), Rx(l), Rx(r)),
            Lane::I64 => dynasm!(self.asm ; .arch x64 ; vpcmpeqq Rx(d), Rx(l), Rx(r)),
        }
    }

    /// Signed.
    fn greater(&mut self, lane: Lane, dst: Xmm, lhs: Xmm, rhs: Xmm) {
        let (d, l, r) = (dst.0, lhs.0, rhs.0);
        match lane {
            Lane::I8 => dynasm!(self.asm ; .arch x64 ; vpcmpgtb Rx(d), Rx(l), Rx(r)),
            Lane::I16 => dynasm!(self.asm ; .arch x64 ; vpcmpgtw Rx(d), Rx(l), Rx(r)),
            Lane::I32 => dynasm!(self.asm ; .arch x64 ; vpcmpgtd Rx(d), Rx(l), Rx(r)),
            Lane::I64 => dynasm!(self.asm ; .arch x64 ; vpcmpgtq Rx(d), Rx(l), Rx(r)),
        }
    }

    fn minimum(&mut self, lane: Lane, signed: bool, dst: Xmm, lhs: Xmm, rhs: Xmm) {
        let (d, l, r) = (dst.0, lhs.0, rhs.0);
        match (lane, signed) {
            (Lane::I8, true) => dynasm!(self.asm ; .arch x64 ; vpminsb Rx(d), Rx(l), Rx(r)),
            (Lane::I8, false) => dynasm!(self.asm ; .arch x64 ; vpminub Rx(d), Rx(l), Rx(r)),
            (Lane::I16, true) => dynasm!(self.asm ; .arch x64 ; vpminsw Rx(d), Rx(l), Rx(r)),
            (Lane::I16, false) => dynasm!(self.asm ; .arch x64 ; vpminuw Rx(d), Rx(l), Rx(r)),
            (Lane::I32, true) => dynasm!(self.asm ; .arch x64 ; vpminsd Rx(d), Rx(l), Rx(r)),
            (Lane::I32, false) => dynasm!(self.asm ; .arch x64 ; vpminud Rx(d), Rx(l), Rx(r)),
            (Lane::I64, _) => no_such("minimum of 64 bits"),
        }
    }

    fn maximum(&mut self, lane: Lane, signed: bool, dst: Xmm, lhs: Xmm, rhs: Xmm) {
        let (d, l, r) = (dst.0, lhs.0, rhs.0);
        match (lane, signed) {
            (Lane::I8, true) => dynasm!(self.asm ; .arch x64 ; vpmaxsb Rx(d), Rx(l), Rx(r)),
            (Lane::I8, false) => dynasm!(self.asm ; .arch x64 ; vpmaxub Rx(d), Rx(l), Rx(r)),
            (Lane::I16, true) => dynasm!(self.asm ; .arch x64 ; vpmaxsw Rx(d), Rx(l), Rx(r)),
            (Lane::I16, false) => dynasm!(self.asm ; .arch x64 ; vpmaxuw Rx(d), Rx(l), Rx(r)),
            (Lane::I32, true) => dynasm!(self.asm ; .arch x64 ; vpmaxsd Rx(d), Rx(l), Rx(r)),
            (Lane::I32, false) => dynasm!(self.asm ; .arch x64 ; vpmaxud Rx(d), Rx(l), Rx(r)),
            (Lane::I64, _) => no_such("maximum of 64 bits"),
        }
    }

    /// The lower 64 bits of products, from 32-bit ones: the crossed products, added, are the upper halves' share.
    fn multiply_64(&mut self, dst: Xmm, lhs: Xmm, rhs: Xmm) {
        let (d, l, r) = (dst.0, lhs.0, rhs.0);
        dynasm!(self.asm
            ; .arch x64
            ; vpshufd xmm15, Rx(r), PAIRS_EXCHANGED
            ; vpmulld xmm15, xmm15, Rx(l)
            ; vphaddd xmm15, xmm15, xmm15
            ; vpmovzxdq xmm15, xmm15
            ; vpsllq xmm15, xmm15, 32
            ; vpmuludq Rx(d), Rx(l), Rx(r)
            ; vpaddq Rx(d), Rx(d), xmm15
        );
    }

    fn extend(&mut self, lane: Lane, signed: bool, half: Half, dst: Xmm, src: Xmm) {
        let (d, mut s) = (dst.0, src.0);
        if half == Half::High {
            dynasm!(self.asm ; .arch x64 ; vpshufd Rx(d), Rx(s), UPPER_HALF);
            s = d;
        }
        match (lane, signed) {
            (Lane::I8, true) => dynasm!(self.asm ; .arch x64 ; vpmovsxbw Rx(d), Rx(s)),
            (Lane::I8, false) => dynasm!(self.asm ; .arch x64 ; vpmovzxbw Rx(d), Rx(s)),
            (Lane::I16, true) => dynasm!(self.asm ; .arch x64 ; vpmovsxwd Rx(d), Rx(s)),
            (Lane::I16, false) => dynasm!(self.asm ; .arch x64 ; vpmovzxwd Rx(d), Rx(s)),
            (Lane::I32, true) => dynasm!(self.asm ; .arch x64 ; vpmovsxdq Rx(d), Rx(s)),
            (Lane::I32, false) => dynasm!(self.asm ; .arch x64 ; vpmovzxdq Rx(d), Rx(s)),
            (Lane::I64, _) => no_such("extension of 64 bits"),
        }
    }

    fn extended_multiply(&mut self, lane: Lane, signed: bool, half: Half, dst: Xmm, (lhs, rhs): (Xmm, Xmm)) {
        let (d, l, r) = (dst.0, lhs.0, rhs.0);
        match lane {
            Lane::I8 => {
                self.extend(lane, signed, half, SCRATCH, lhs);
                self.extend(lane, signed, half, dst, rhs);
                dynasm!(self.asm ; .arch x64 ; vpmullw Rx(d), Rx(d), xmm15);
            }
            Lane::I16 => {
                if signed {
                    dynasm!(self.asm ; .arch x64 ; vpmulhw xmm15, Rx(l), Rx(r));
                } else {
                    dynasm!(self.asm ; .arch x64 ; vpmulhuw xmm15, Rx(l), Rx(r));
                }
                dynasm!(self.asm ; .arch x64 ; vpmullw Rx(d), Rx(l), Rx(r));
                match half {
                    Half::Low => dynasm!(self.asm ; .arch x64 ; vpunpcklwd Rx(d), Rx(d), xmm15),
                    Half::High => dynasm!(self.asm ; .arch x64 ; vpunpckhwd Rx(d), Rx(d), xmm15),
                }
            }
            Lane::I32 => {
                let order = match half {
                    Half::Low => LOWER_TO_EVEN,
                    Half::High => UPPER_TO_EVEN,
                };
                dynasm!(self.asm
                    ; .arch x64
                    ; vpshufd xmm15, Rx(l), order
                    ; vpshufd Rx(d), Rx(r), order
                );
                if signed {
                    dynasm!(self.asm ; .arch x64 ; vpmuldq Rx(d), Rx(d), xmm15);
                } else {
                    dynasm!(self.asm ; .arch x64 ; vpmuludq Rx(d), Rx(d), xmm15);
                }
            }
            Lane::I64 => no_such("extension of 64 bits"),
        }
    }

    fn add_pairs(&mut self, lane: Lane, signed: bool, dst: Xmm, src: Xmm) {
        let (d, s) = (dst.0, src.0);
        match (lane, signed) {
            (Lane::I8, true) => {
                // The first factor is unsigned: here the ones.
                self.vconst(SCRATCH, bytes(1));
                dynasm!(self.asm ; .arch x64 ; vpmaddubsw Rx(d), xmm15, Rx(s));
            }
            (Lane::I8, false) => {
                let ones = self.pooled_vector(bytes(1));
                dynasm!(self.asm ; .arch x64 ; vpmaddubsw Rx(d), Rx(s), OWORD [=>ones]);
            }
            (Lane::I16, true) => {
                let ones = self.pooled_vector(words(1));
                dynasm!(self.asm ; .arch x64 ; vpmaddwd Rx(d), Rx(s), OWORD [=>ones]);
            }
            (Lane::I16, false) => dynasm!(self.asm
                ; .arch x64
                ; vpslld xmm15, Rx(s), 16
                ; vpsrld xmm15, xmm15, 16
                ; vpsrld Rx(d), Rx(s), 16
                ; vpaddd Rx(d), Rx(d), xmm15
            ),
            _ => no_such("sum of pairs"),
        }
    }

    /// The ones in each byte: those of its halves, looked up.
    fn popcount(&mut self, dst: Xmm, src: Xmm, temp: Xmm) {
        let (d, s, t) = (dst.0, src.0, temp.0);
        let counts = u128::from_le_bytes([0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4]);
        let (counts, half) = (self.pooled_vector(counts), self.pooled_vector(bytes(0x0f)));
        dynasm!(self.asm
            ; .arch x64
            ; vmovups Rx(t), [=>counts]
            ; vpand xmm15, Rx(s), OWORD [=>half]
            ; vpshufb xmm15, Rx(t), xmm15
            ; vpsrlw Rx(d), Rx(s), 4
            ; vpand Rx(d), Rx(d), OWORD [=>half]
            ; vpshufb Rx(d), Rx(t), Rx(d)
            ; vpaddb Rx(d), Rx(d), xmm15
        );
    }

    /// Shifts by a constant. Where there is no signed shift, it is an unsigned one, and the sign bit, which is then
    /// lower, extended.
    fn shift_by(&mut self, op: VecShift, lane: Lane, dst: Xmm, src: Xmm, count: i32) {
        let (d, s, by) = (dst.0, src.0, count as i8);
        match (lane, op) {
            (Lane::I8, VecShift::Shl) => {
                let kept = self.pooled_vector(bytes(0xff << count));
                dynasm!(self.asm ; .arch x64 ; vpsllw Rx(d), Rx(s), by ; vpand Rx(d), Rx(d), OWORD [=>kept]);
            }
            (Lane::I8, _) => {
                let kept = self.pooled_vector(bytes(0xff >> count));
                dynasm!(self.asm ; .arch x64 ; vpsrlw Rx(d), Rx(s), by ; vpand Rx(d), Rx(d), OWORD [=>kept]);
                if op == VecShift::ShrS {
                    self.vconst(SCRATCH, bytes(0x80 >> count));
                    dynasm!(self.asm ; .arch x64 ; vpxor Rx(d), Rx(d), xmm15 ; vpsubb Rx(d), Rx(d), xmm15);
                }
            }
            (Lane::I16, VecShift::Shl) => dynasm!(self.asm ; .arch x64 ; vpsllw Rx(d), Rx(s), by),
            (Lane::I16, VecShift::ShrS) => dynasm!(self.asm ; .arch x64 ; vpsraw Rx(d), Rx(s), by),
            (Lane::I16, VecShift::ShrU) => dynasm!(self.asm ; .arch x64 ; vpsrlw Rx(d), Rx(s), by),
            (Lane::I32, VecShift::Shl) => dynasm!(self.asm ; .arch x64 ; vpslld Rx(d), Rx(s), by),
            (Lane::I32, VecShift::ShrS) => dynasm!(self.asm ; .arch x64 ; vpsrad Rx(d), Rx(s), by),
            (Lane::I32, VecShift::ShrU) => dynasm!(self.asm ; .arch x64 ; vpsrld Rx(d), Rx(s), by),
            (Lane::I64, VecShift::Shl) => dynasm!(self.asm ; .arch x64 ; vpsllq Rx(d), Rx(s), by),
            (Lane::I64, _) => {
                dynasm!(self.asm ; .arch x64 ; vpsrlq Rx(d), Rx(s), by);
                if op == VecShift::ShrS {
                    self.vconst(SCRATCH, SIGNS_64 >> count);
                    dynasm!(self.asm ; .arch x64 ; vpxor Rx(d), Rx(d), xmm15 ; vpsubq Rx(d), Rx(d), xmm15);
                }
            }
        }
    }

    /// The same by the count in the scratch.
    fn shift_by_scratch(&mut self, op: VecShift, lane: Lane, dst: Xmm, src: Xmm) {
        let (d, s) = (dst.0, src.0);
        match (lane, op) {
            (Lane::I16, VecShift::Shl) => dynasm!(self.asm ; .arch x64 ; vpsllw Rx(d), Rx(s), xmm15),
            (Lane::I16, VecShift::ShrS) => dynasm!(self.asm ; .arch x64 ; vpsraw Rx(d), Rx(s), xmm15),
            (Lane::I16, VecShift::ShrU) => dynasm!(self.asm ; .arch x64 ; vpsrlw Rx(d), Rx(s), xmm15),
            (Lane::I32, VecShift::Shl) => dynasm!(self.asm ; .arch x64 ; vpslld Rx(d), Rx(s), xmm15),
            (Lane::I32, VecShift::ShrS) => dynasm!(self.asm ; .arch x64 ; vpsrad Rx(d), Rx(s), xmm15),
            (Lane::I32, VecShift::ShrU) => dynasm!(self.asm ; .arch x64 ; vpsrld Rx(d), Rx(s), xmm15),
            (Lane::I64, VecShift::Shl) => dynasm!(self.asm ; .arch x64 ; vpsllq Rx(d), Rx(s), xmm15),
            (Lane::I64, VecShift::ShrU) => dynasm!(self.asm ; .arch x64 ; vpsrlq Rx(d), Rx(s), xmm15),
            (Lane::I8, _) | (Lane::I64, VecShift::ShrS) => no_such((lane, op)),
        }
    }
}
