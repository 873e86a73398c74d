//! Vectors of floats. NaN lanes that the spec leaves open are made canonical out of line: in code that meets none,
//! that is a comparison and a branch never taken.
//!
//! `vcmpps`, `vcmppd`, `vpblendw` and `vshufps` are written with their two sources exchanged: the assembler (dynasm 5.1)
//! encodes them that way round.

use super::super::masm::{FlowMasm, Size};
use super::super::masm_simd::{SimdMasm, VecFloatCmp, VecFloatOp, VecUnary};
use super::super::regs::Xmm;
use super::simd::no_such;
use super::{NanFix, NanKind, SCRATCH, X64, canonical_nan};
use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi, dynasm};

/// The same 32 bits 4 times.
fn singles(bits: u32) -> u128 {
    u128::from(bits) * (u128::MAX / 0xffff_ffff)
}

/// The same 64 bits twice.
fn doubles(bits: u64) -> u128 {
    u128::from(bits) << 64 | u128::from(bits)
}

/// The same bits in all lanes of a size.
fn lanes(size: Size, bits: u64) -> u128 {
    match size {
        Size::S32 => singles(bits as u32),
        Size::S64 => doubles(bits),
    }
}

/// Sign bits.
fn signs(size: Size) -> u128 {
    lanes(size, if size == Size::S32 { 1 << 31 } else { 1 << 63 })
}

impl X64 {
    pub(super) fn float_lanes(&mut self, op: VecFloatOp, size: Size, dst: Xmm, lhs: Xmm, rhs: Xmm) {
        let (d, l, r) = (dst.0, lhs.0, rhs.0);
        macro_rules! emit {
            ($single:ident, $double:ident, $d:expr, $l:expr, $r:expr) => {
                match size {
                    Size::S32 => dynasm!(self.asm ; .arch x64 ; $single Rx($d), Rx($l), Rx($r)),
                    Size::S64 => dynasm!(self.asm ; .arch x64 ; $double Rx($d), Rx($l), Rx($r)),
                }
            };
        }
        match op {
            VecFloatOp::Add => emit!(vaddps, vaddpd, d, l, r),
            VecFloatOp::Sub => emit!(vsubps, vsubpd, d, l, r),
            VecFloatOp::Mul => emit!(vmulps, vmulpd, d, l, r),
            VecFloatOp::Div => emit!(vdivps, vdivpd, d, l, r),
            // The processor's minimum is `lhs < rhs ? lhs : rhs`: the spec's pseudo-minimum with operands exchanged.
            VecFloatOp::PMin => return emit!(vminps, vminpd, d, r, l),
            VecFloatOp::PMax => return emit!(vmaxps, vmaxpd, d, r, l),
            VecFloatOp::Min => {
                // Both ways they differ where a zero is negative, or one is a NaN; the union has the sign, or is a NaN.
                emit!(vminps, vminpd, 15, l, r);
                emit!(vminps, vminpd, d, r, l);
                emit!(vorps, vorpd, d, d, 15);
            }
            VecFloatOp::Max => {
                // The difference is 0, the sign of a zero, or the bits of a NaN; taking it away clears the sign and
                // keeps the NaN.
                emit!(vmaxps, vmaxpd, 15, l, r);
                emit!(vmaxps, vmaxpd, d, r, l);
                emit!(vxorps, vxorpd, d, d, 15);
                emit!(vorps, vorpd, 15, 15, d);
                emit!(vsubps, vsubpd, d, 15, d);
            }
        }
        self.canonical_lanes(size, dst);
    }

    pub(super) fn compare_float_lanes(&mut self, cmp: VecFloatCmp, size: Size, dst: Xmm, lhs: Xmm, rhs: Xmm) {
        let (d, l, r) = (dst.0, lhs.0, rhs.0);
        // Quiet predicates.
        let predicate = match cmp {
            VecFloatCmp::Eq => 0,
            VecFloatCmp::Ne => 4,
            VecFloatCmp::Lt => 0x11,
            VecFloatCmp::Le => 0x12,
        };
        match size {
            Size::S32 => dynasm!(self.asm ; .arch x64 ; vcmpps Rx(d), Rx(r), Rx(l), predicate),
            Size::S64 => dynasm!(self.asm ; .arch x64 ; vcmppd Rx(d), Rx(r), Rx(l), predicate),
        }
    }

    pub(super) fn float_lanes_unary(&mut self, op: VecUnary, dst: Xmm, src: Xmm, temp: Xmm) {
        let (d, s) = (dst.0, src.0);
        match op {
            VecUnary::FloatAbs(size) => {
                let rest = self.pooled_vector(!signs(size));
                dynasm!(self.asm ; .arch x64 ; vandps Rx(d), Rx(s), OWORD [=>rest]);
            }
            VecUnary::FloatNeg(size) => {
                let signs = self.pooled_vector(signs(size));
                dynasm!(self.asm ; .arch x64 ; vxorps Rx(d), Rx(s), OWORD [=>signs]);
            }
            VecUnary::Sqrt(size) => {
                match size {
                    Size::S32 => dynasm!(self.asm ; .arch x64 ; vsqrtps Rx(d), Rx(s)),
                    Size::S64 => dynasm!(self.asm ; .arch x64 ; vsqrtpd Rx(d), Rx(s)),
                }
                self.canonical_lanes(size, dst);
            }
            VecUnary::Nearest(size) => self.round_lanes(size, dst, src, 8),
            VecUnary::Floor(size) => self.round_lanes(size, dst, src, 9),
            VecUnary::Ceil(size) => self.round_lanes(size, dst, src, 10),
            VecUnary::Trunc(size) => self.round_lanes(size, dst, src, 11),
            VecUnary::Convert(true, Size::S32) => dynasm!(self.asm ; .arch x64 ; vcvtdq2ps Rx(d), Rx(s)),
            VecUnary::Convert(true, Size::S64) => dynasm!(self.asm ; .arch x64 ; vcvtdq2pd Rx(d), Rx(s)),
            VecUnary::Convert(false, Size::S32) => {
                // Lower and upper halves apart, each exact, and one rounding when they are added. The upper halves are
                // halved to be non-negative, and doubled again.
                dynasm!(self.asm
                    ; .arch x64
                    ; vpxor xmm15, xmm15, xmm15
                    ; vpblendw xmm15, Rx(s), xmm15, 0x55
                    ; vpsubd Rx(d), Rx(s), xmm15
                    ; vcvtdq2ps xmm15, xmm15
                    ; vpsrld Rx(d), Rx(d), 1
                    ; vcvtdq2ps Rx(d), Rx(d)
                    ; vaddps Rx(d), Rx(d), Rx(d)
                    ; vaddps Rx(d), Rx(d), xmm15
                );
            }
            VecUnary::Convert(false, Size::S64) => {
                // As the low bits of 2^52 and more, which is taken away.
                let upper = self.pooled_vector(singles(0x4330_0000));
                let bias = self.pooled_vector(doubles(0x4330 << 48));
                dynasm!(self.asm
                    ; .arch x64
                    ; vunpcklps Rx(d), Rx(s), OWORD [=>upper]
                    ; vsubpd Rx(d), Rx(d), OWORD [=>bias]
                );
            }
            VecUnary::TruncSat(from, signed) => self.truncate_lanes(from, signed, dst, src, temp),
            VecUnary::Demote => {
                dynasm!(self.asm ; .arch x64 ; vcvtpd2ps Rx(d), Rx(s));
                self.canonical_lanes(Size::S32, dst);
            }
            VecUnary::Promote => {
                dynasm!(self.asm ; .arch x64 ; vcvtps2pd Rx(d), Rx(s));
                self.canonical_lanes(Size::S64, dst);
            }
            VecUnary::Not
            | VecUnary::Neg(_)
            | VecUnary::Abs(_)
            | VecUnary::Popcnt
            | VecUnary::Extend(..)
            | VecUnary::ExtAddPairwise(..) => no_such(op),
        }
    }

    fn round_lanes(&mut self, size: Size, dst: Xmm, src: Xmm, mode: i8) {
        match size {
            Size::S32 => dynasm!(self.asm ; .arch x64 ; vroundps Rx(dst.0), Rx(src.0), mode),
            Size::S64 => dynasm!(self.asm ; .arch x64 ; vroundpd Rx(dst.0), Rx(src.0), mode),
        }
        self.canonical_lanes(size, dst);
    }

    /// Saturating truncation to 32-bit integers. The processor's word for everything out of range is the most negative
    /// integer.
    fn truncate_lanes(&mut self, from: Size, signed: bool, dst: Xmm, src: Xmm, temp: Xmm) {
        let (d, s, t) = (dst.0, src.0, temp.0);
        match (from, signed) {
            (Size::S32, true) => dynasm!(self.asm
                ; .arch x64
                // NaNs become 0; the scratch has its sign set where the value is positive,
                ; vcmpps xmm15, Rx(s), Rx(s), 0
                ; vandps Rx(d), Rx(s), xmm15
                ; vpxor xmm15, xmm15, Rx(d)
                ; vcvttps2dq Rx(d), Rx(d)
                // and where the result is negative all the same, all its bits are flipped.
                ; vpand xmm15, xmm15, Rx(d)
                ; vpsrad xmm15, xmm15, 31
                ; vpxor Rx(d), Rx(d), xmm15
            ),
            (Size::S32, false) => dynasm!(self.asm
                ; .arch x64
                // NaNs and negative values become 0; the scratch has 2^31.
                ; vpxor xmm15, xmm15, xmm15
                ; vmaxps Rx(d), Rx(s), xmm15
                ; vpcmpeqd xmm15, xmm15, xmm15
                ; vpsrld xmm15, xmm15, 1
                ; vcvtdq2ps xmm15, xmm15
                // What a value has over 2^31, at most 2^31 - 1, at least 0.
                ; vsubps Rx(t), Rx(d), xmm15
                ; vcmpps xmm15, Rx(t), xmm15, 0x12
                ; vcvttps2dq Rx(t), Rx(t)
                ; vpxor Rx(t), Rx(t), xmm15
                ; vpxor xmm15, xmm15, xmm15
                ; vpmaxsd Rx(t), Rx(t), xmm15
                // The rest is 2^31 where there was anything over.
                ; vcvttps2dq Rx(d), Rx(d)
                ; vpaddd Rx(d), Rx(d), Rx(t)
            ),
            (Size::S64, true) => {
                let most = self.pooled_vector(doubles(f64::from(i32::MAX).to_bits()));
                dynasm!(self.asm
                    ; .arch x64
                    ; vcmppd xmm15, Rx(s), Rx(s), 0
                    ; vandpd xmm15, xmm15, OWORD [=>most]
                    // For a NaN the second operand: 0.
                    ; vminpd Rx(d), Rx(s), xmm15
                    ; vcvttpd2dq Rx(d), Rx(d)
                );
            }
            (Size::S64, false) => {
                let most = self.pooled_vector(doubles(f64::from(u32::MAX).to_bits()));
                let bias = self.pooled_vector(doubles(0x4330 << 48));
                dynasm!(self.asm
                    ; .arch x64
                    ; vpxor xmm15, xmm15, xmm15
                    ; vmaxpd Rx(d), Rx(s), xmm15
                    ; vminpd Rx(d), Rx(d), OWORD [=>most]
                    ; vroundpd Rx(d), Rx(d), 11
                    // Added to 2^52, the integer is in the low bits.
                    ; vaddpd Rx(d), Rx(d), OWORD [=>bias]
                    ; vshufps Rx(d), xmm15, Rx(d), 0x88u8 as i8
                );
            }
        }
    }

    pub(super) fn multiply_add(&mut self, negated: bool, size: Size, dst: Xmm, (a, b): (Xmm, Xmm), c: Xmm) {
        let (d, c) = (dst.0, c.0);
        match size {
            Size::S32 => dynasm!(self.asm ; .arch x64 ; vmulps xmm15, Rx(a.0), Rx(b.0)),
            Size::S64 => dynasm!(self.asm ; .arch x64 ; vmulpd xmm15, Rx(a.0), Rx(b.0)),
        }
        match (negated, size) {
            (false, Size::S32) => dynasm!(self.asm ; .arch x64 ; vaddps Rx(d), Rx(c), xmm15),
            (false, Size::S64) => dynasm!(self.asm ; .arch x64 ; vaddpd Rx(d), Rx(c), xmm15),
            (true, Size::S32) => dynasm!(self.asm ; .arch x64 ; vsubps Rx(d), Rx(c), xmm15),
            (true, Size::S64) => dynasm!(self.asm ; .arch x64 ; vsubpd Rx(d), Rx(c), xmm15),
        }
        self.canonical_lanes(size, dst);
    }

    /// Makes NaN lanes in `reg` canonical, out of line.
    fn canonical_lanes(&mut self, size: Size, reg: Xmm) {
        let (label, back) = (self.label(), self.label());
        match size {
            Size::S32 => dynasm!(self.asm
                ; .arch x64
                ; vcmpps xmm15, Rx(reg.0), Rx(reg.0), 3
                ; vtestps xmm15, xmm15
            ),
            Size::S64 => dynasm!(self.asm
                ; .arch x64
                ; vcmppd xmm15, Rx(reg.0), Rx(reg.0), 3
                ; vtestpd xmm15, xmm15
            ),
        }
        dynasm!(self.asm ; .arch x64 ; jne =>label);
        self.bind(back);
        self.nans.push(NanFix {
            kind: NanKind::Lanes(size),
            reg,
            label,
            back,
        });
    }

    /// The part out of line: canonical NaNs where the scratch has ones.
    pub(super) fn replace_nans(&mut self, size: Size, reg: Xmm, back: DynamicLabel) {
        let canonical = self.pooled_vector(lanes(size, canonical_nan(size)));
        dynasm!(self.asm
            ; .arch x64
            ; vandnps Rx(reg.0), xmm15, Rx(reg.0)
            ; vandps xmm15, xmm15, OWORD [=>canonical]
            ; vorps Rx(reg.0), Rx(reg.0), xmm15
            ; jmp =>back
        );
    }

    pub(super) fn extract_float_lane(&mut self, size: Size, index: i8, dst: Xmm, src: Xmm) {
        let (d, s) = (dst.0, src.0);
        match (size, index) {
            (_, 0) if d == s => {}
            (_, 0) => dynasm!(self.asm ; .arch x64 ; vmovaps Rx(d), Rx(s)),
            (Size::S32, _) => dynasm!(self.asm ; .arch x64 ; vpshufd Rx(d), Rx(s), index),
            (Size::S64, _) => dynasm!(self.asm ; .arch x64 ; vunpckhpd Rx(d), Rx(s), Rx(s)),
        }
    }

    pub(super) fn replace_float_lane(&mut self, size: Size, index: i8, dst: Xmm, src: Xmm, value: Xmm) {
        let (d, s, v) = (dst.0, src.0, value.0);
        match (size, index) {
            (Size::S32, _) => dynasm!(self.asm ; .arch x64 ; vinsertps Rx(d), Rx(s), Rx(v), index << 4),
            (Size::S64, 0) => dynasm!(self.asm ; .arch x64 ; vmovsd Rx(d), Rx(s), Rx(v)),
            (Size::S64, _) => dynasm!(self.asm ; .arch x64 ; vunpcklpd Rx(d), Rx(s), Rx(v)),
        }
    }

    /// Zeros the scratch.
    pub(super) fn zero_scratch(&mut self) {
        self.vconst(SCRATCH, 0);
    }
}
