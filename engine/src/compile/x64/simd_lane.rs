//! Vectors in guest memory, single lanes, and shuffles.

use super::super::masm::Address;
use super::super::masm::Size;
use super::super::masm_simd::{Lane, VecLoad};
use super::super::regs::{Gpr, Xmm};
use super::X64;
use super::mem::with_guest;
use super::simd::no_such;
use dynasmrt::{DynasmApi, DynasmLabelApi, dynasm};

impl X64 {
    pub(super) fn vector_load(&mut self, load: VecLoad, dst: Xmm, at: Address) -> u32 {
        let d = dst.0;
        match load {
            VecLoad::Whole => with_guest!(self, at, [vmovups Rx(d), OWORD] []),
            VecLoad::Extend(Lane::I8, true) => with_guest!(self, at, [vpmovsxbw Rx(d), QWORD] []),
            VecLoad::Extend(Lane::I8, false) => with_guest!(self, at, [vpmovzxbw Rx(d), QWORD] []),
            VecLoad::Extend(Lane::I16, true) => with_guest!(self, at, [vpmovsxwd Rx(d), QWORD] []),
            VecLoad::Extend(Lane::I16, false) => with_guest!(self, at, [vpmovzxwd Rx(d), QWORD] []),
            VecLoad::Extend(Lane::I32, true) => with_guest!(self, at, [vpmovsxdq Rx(d), QWORD] []),
            VecLoad::Extend(Lane::I32, false) => with_guest!(self, at, [vpmovzxdq Rx(d), QWORD] []),
            VecLoad::Extend(Lane::I64, _) => no_such(load),
            VecLoad::Splat(Lane::I8) => {
                self.zero_scratch();
                let native = with_guest!(self, at, [vpinsrb Rx(d), xmm15, BYTE] [, 0]);
                dynasm!(self.asm ; .arch x64 ; vpshufb Rx(d), Rx(d), xmm15);
                native
            }
            VecLoad::Splat(Lane::I16) => {
                self.zero_scratch();
                let native = with_guest!(self, at, [vpinsrw Rx(d), xmm15, WORD] [, 0]);
                self.splat_word(dst);
                native
            }
            VecLoad::Splat(Lane::I32) => with_guest!(self, at, [vbroadcastss Rx(d), DWORD] []),
            VecLoad::Splat(Lane::I64) => with_guest!(self, at, [vmovddup Rx(d), QWORD] []),
            VecLoad::Zero(Size::S32) => with_guest!(self, at, [vmovd Rx(d), DWORD] []),
            VecLoad::Zero(Size::S64) => with_guest!(self, at, [vmovq Rx(d), QWORD] []),
        }
    }

    /// A store of more than 8 bytes may be made of several accesses, of which some complete before one faults (Intel
    /// SDM volume 3, 9.1.1). So the last byte is touched first: where that is inside, all is.
    pub(super) fn vector_store(&mut self, at: Address, src: Xmm) -> u32 {
        let last = Address {
            offset: at.offset + 15,
            ..at
        };
        let native = with_guest!(self, last, [cmp BYTE] [, 0]);
        with_guest!(self, at, [vmovups OWORD] [, Rx(src.0)]);
        native
    }

    pub(super) fn lane_load(&mut self, lane: Lane, index: i8, dst: Xmm, src: Xmm, at: Address) -> u32 {
        let (d, s) = (dst.0, src.0);
        match lane {
            Lane::I8 => with_guest!(self, at, [vpinsrb Rx(d), Rx(s), BYTE] [, index]),
            Lane::I16 => with_guest!(self, at, [vpinsrw Rx(d), Rx(s), WORD] [, index]),
            Lane::I32 => with_guest!(self, at, [vpinsrd Rx(d), Rx(s), DWORD] [, index]),
            Lane::I64 => with_guest!(self, at, [vpinsrq Rx(d), Rx(s), QWORD] [, index]),
        }
    }

    pub(super) fn lane_store(&mut self, lane: Lane, index: i8, at: Address, src: Xmm) -> u32 {
        let s = src.0;
        match lane {
            Lane::I8 => with_guest!(self, at, [vpextrb BYTE] [, Rx(s), index]),
            Lane::I16 => with_guest!(self, at, [vpextrw WORD] [, Rx(s), index]),
            Lane::I32 => with_guest!(self, at, [vpextrd DWORD] [, Rx(s), index]),
            Lane::I64 => with_guest!(self, at, [vpextrq QWORD] [, Rx(s), index]),
        }
    }

    /// The lowest 16 bits of `reg` in all lanes.
    fn splat_word(&mut self, reg: Xmm) {
        dynasm!(self.asm ; .arch x64 ; vpshuflw Rx(reg.0), Rx(reg.0), 0 ; vpshufd Rx(reg.0), Rx(reg.0), 0);
    }

    pub(super) fn splat_lane(&mut self, lane: Lane, dst: Xmm, src: Gpr) {
        let (d, s) = (dst.0, src.0);
        match lane {
            Lane::I8 => {
                self.zero_scratch();
                dynasm!(self.asm ; .arch x64 ; vmovd Rx(d), Rd(s) ; vpshufb Rx(d), Rx(d), xmm15);
            }
            Lane::I16 => {
                dynasm!(self.asm ; .arch x64 ; vmovd Rx(d), Rd(s));
                self.splat_word(dst);
            }
            Lane::I32 => dynasm!(self.asm ; .arch x64 ; vmovd Rx(d), Rd(s) ; vpshufd Rx(d), Rx(d), 0),
            Lane::I64 => dynasm!(self.asm ; .arch x64 ; vmovq Rx(d), Rq(s) ; vpunpcklqdq Rx(d), Rx(d), Rx(d)),
        }
    }

    pub(super) fn extract_lane(&mut self, lane: Lane, index: i8, signed: bool, dst: Gpr, src: Xmm) {
        let (d, s) = (dst.0, src.0);
        match (lane, index) {
            (Lane::I8, _) => {
                dynasm!(self.asm ; .arch x64 ; vpextrb Rd(d), Rx(s), index);
                if signed {
                    dynasm!(self.asm ; .arch x64 ; movsx Rd(d), Rb(d));
                }
            }
            (Lane::I16, _) => {
                dynasm!(self.asm ; .arch x64 ; vpextrw Rd(d), Rx(s), index);
                if signed {
                    dynasm!(self.asm ; .arch x64 ; movsx Rd(d), Rw(d));
                }
            }
            (Lane::I32, 0) => dynasm!(self.asm ; .arch x64 ; vmovd Rd(d), Rx(s)),
            (Lane::I32, _) => dynasm!(self.asm ; .arch x64 ; vpextrd Rd(d), Rx(s), index),
            (Lane::I64, 0) => dynasm!(self.asm ; .arch x64 ; vmovq Rq(d), Rx(s)),
            (Lane::I64, _) => dynasm!(self.asm ; .arch x64 ; vpextrq Rq(d), Rx(s), index),
        }
    }

    pub(super) fn replace_lane(&mut self, lane: Lane, index: i8, dst: Xmm, src: Xmm, value: Gpr) {
        let (d, s, v) = (dst.0, src.0, value.0);
        match lane {
            Lane::I8 => dynasm!(self.asm ; .arch x64 ; vpinsrb Rx(d), Rx(s), Rd(v), index),
            Lane::I16 => dynasm!(self.asm ; .arch x64 ; vpinsrw Rx(d), Rx(s), Rd(v), index),
            Lane::I32 => dynasm!(self.asm ; .arch x64 ; vpinsrd Rx(d), Rx(s), Rd(v), index),
            Lane::I64 => dynasm!(self.asm ; .arch x64 ; vpinsrq Rx(d), Rx(s), Rq(v), index),
        }
    }

    /// One instruction where the pattern has one, else bytes of each side looked up and joined.
    pub(super) fn shuffle_bytes(&mut self, dst: Xmm, lhs: Xmm, rhs: Xmm, indices: [u8; 16]) {
        // Indices of one register twice mean the same lane.
        let indices = if lhs == rhs {
            indices.map(|index| index & 15)
        } else {
            indices
        };
        let (d, l, r) = (dst.0, lhs.0, rhs.0);
        if indices.iter().all(|&index| index < 16) {
            return self.permute_bytes(dst, lhs, indices);
        }
        if indices.iter().all(|&index| index >= 16) {
            return self.permute_bytes(dst, rhs, indices.map(|index| index & 15));
        }
        if let Some(first) = rotation(indices) {
            // Upper source second: the assembler (dynasm 5.1) exchanges the sources of this instruction.
            dynasm!(self.asm ; .arch x64 ; vpalignr Rx(d), Rx(l), Rx(r), first as i8);
            return;
        }
        for lane in [Lane::I8, Lane::I16, Lane::I32, Lane::I64] {
            for upper in [false, true] {
                if indices == interleaved(lane, upper, false) {
                    return self.interleave(lane, upper, dst, lhs, rhs);
                }
                if indices == interleaved(lane, upper, true) {
                    return self.interleave(lane, upper, dst, rhs, lhs);
                }
            }
        }
        // An index with its highest bit set gives 0.
        let (of_rhs, of_lhs) = (
            self.pooled_vector(u128::from_le_bytes(
                indices.map(|index| if index < 16 { 0x80 } else { index & 15 }),
            )),
            self.pooled_vector(u128::from_le_bytes(
                indices.map(|index| if index < 16 { index } else { 0x80 }),
            )),
        );
        dynasm!(self.asm
            ; .arch x64
            ; vpshufb xmm15, Rx(r), OWORD [=>of_rhs]
            ; vpshufb Rx(d), Rx(l), OWORD [=>of_lhs]
            ; vpor Rx(d), Rx(d), xmm15
        );
    }

    /// Bytes of one register.
    fn permute_bytes(&mut self, dst: Xmm, src: Xmm, indices: [u8; 16]) {
        match quarters(indices) {
            Some(order) => dynasm!(self.asm ; .arch x64 ; vpshufd Rx(dst.0), Rx(src.0), order as i8),
            None => {
                let order = self.pooled_vector(u128::from_le_bytes(indices));
                dynasm!(self.asm ; .arch x64 ; vpshufb Rx(dst.0), Rx(src.0), OWORD [=>order]);
            }
        }
    }

    fn interleave(&mut self, lane: Lane, upper: bool, dst: Xmm, lhs: Xmm, rhs: Xmm) {
        let (d, l, r) = (dst.0, lhs.0, rhs.0);
        match (lane, upper) {
            (Lane::I8, false) => dynasm!(self.asm ; .arch x64 ; vpunpcklbw Rx(d), Rx(l), Rx(r)),
            (Lane::I8, true) => dynasm!(self.asm ; .arch x64 ; vpunpckhbw Rx(d), Rx(l), Rx(r)),
            (Lane::I16, false) => dynasm!(self.asm ; .arch x64 ; vpunpcklwd Rx(d), Rx(l), Rx(r)),
            (Lane::I16, true) => dynasm!(self.asm ; .arch x64 ; vpunpckhwd Rx(d), Rx(l), Rx(r)),
            (Lane::I32, false) => dynasm!(self.asm ; .arch x64 ; vpunpckldq Rx(d), Rx(l), Rx(r)),
            (Lane::I32, true) => dynasm!(self.asm ; .arch x64 ; vpunpckhdq Rx(d), Rx(l), Rx(r)),
            (Lane::I64, false) => dynasm!(self.asm ; .arch x64 ; vpunpcklqdq Rx(d), Rx(l), Rx(r)),
            (Lane::I64, true) => dynasm!(self.asm ; .arch x64 ; vpunpckhqdq Rx(d), Rx(l), Rx(r)),
        }
    }
}

/// The first index, if the others follow it one by one.
fn rotation(indices: [u8; 16]) -> Option<u8> {
    let first = indices[0];
    (0..16)
        .all(|lane| indices[usize::from(lane)] == first + lane)
        .then_some(first)
}

/// The selector of 32-bit lanes, if the bytes stay together.
fn quarters(indices: [u8; 16]) -> Option<u8> {
    let mut order = 0;
    for (lane, quarter) in indices.chunks_exact(4).enumerate() {
        let first = quarter[0];
        let together = quarter
            .iter()
            .zip(first..)
            .all(|(&index, expected)| index == expected);
        if first % 4 != 0 || !together {
            return None;
        }
        order |= (first / 4) << (2 * lane);
    }
    Some(order)
}

/// The indices of lanes taken in turn from the lower or upper halves of both sides; `swapped`: right side first.
fn interleaved(lane: Lane, upper: bool, swapped: bool) -> [u8; 16] {
    let width = lane.bits() / 8;
    std::array::from_fn(|byte| {
        let byte = byte as u8;
        let (pair, side) = (byte / (2 * width), byte / width % 2);
        let from_rhs = (side == 1) != swapped;
        pair * width + byte % width + if upper { 8 } else { 0 } + if from_rhs { 16 } else { 0 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_shuffles() {
        assert_eq!(rotation(std::array::from_fn(|lane| lane as u8 + 5)), Some(5));
        assert_eq!(rotation([0; 16]), None);
        assert_eq!(
            quarters([4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11]),
            Some(0b10_11_00_01)
        );
        assert_eq!(
            quarters([1, 2, 3, 4, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11]),
            None
        );
        assert_eq!(
            interleaved(Lane::I16, true, false),
            [8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31]
        );
        assert_eq!(
            interleaved(Lane::I64, false, true),
            [16, 17, 18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6, 7]
        );
    }
}
