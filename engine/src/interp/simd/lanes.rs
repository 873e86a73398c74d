//! Vector instructions on bits and on lanes of integers: one row each.
//!
//! # Invariants
//! - None of them traps.
//! - Relaxed instructions behave as the deterministic profile of the spec says.
//!
//! Must not know: frames, control, the store.

use super::{high, low, pairs, zip};
use crate::error::TrapKind;
use crate::interp::value::{Slot, Value, instructions};
use std::ops::Neg;

instructions! {
    /// A vector instruction on bits or integers.
    enum Lanes;

    V128Not(a: u128) -> u128 { !a }
    V128And(a: u128, b: u128) -> u128 { a & b }
    V128AndNot(a: u128, b: u128) -> u128 { a & !b }
    V128Or(a: u128, b: u128) -> u128 { a | b }
    V128Xor(a: u128, b: u128) -> u128 { a ^ b }
    V128Bitselect(a: u128, b: u128, mask: u128) -> u128 { select(a, b, mask) }
    V128AnyTrue(a: u128) -> bool { a != 0 }
    I8x16Swizzle(a: [u8; 16], indexes: [u8; 16]) -> [u8; 16] { swizzle(a, indexes) }

    I8x16Splat(a: u32) -> [u8; 16] { [a as u8; 16] }
    I8x16AllTrue(a: [u8; 16]) -> bool { a.iter().all(|lane| *lane != 0) }
    I8x16Bitmask(a: [i8; 16]) -> u32 { bitmask(a) }
    I8x16Eq(a: [u8; 16], b: [u8; 16]) -> [i8; 16] { compare(a, b, |a, b| a == b) }
    I8x16Ne(a: [u8; 16], b: [u8; 16]) -> [i8; 16] { compare(a, b, |a, b| a != b) }
    I8x16LtS(a: [i8; 16], b: [i8; 16]) -> [i8; 16] { compare(a, b, |a, b| a < b) }
    I8x16LtU(a: [u8; 16], b: [u8; 16]) -> [i8; 16] { compare(a, b, |a, b| a < b) }
    I8x16GtS(a: [i8; 16], b: [i8; 16]) -> [i8; 16] { compare(a, b, |a, b| a > b) }
    I8x16GtU(a: [u8; 16], b: [u8; 16]) -> [i8; 16] { compare(a, b, |a, b| a > b) }
    I8x16LeS(a: [i8; 16], b: [i8; 16]) -> [i8; 16] { compare(a, b, |a, b| a <= b) }
    I8x16LeU(a: [u8; 16], b: [u8; 16]) -> [i8; 16] { compare(a, b, |a, b| a <= b) }
    I8x16GeS(a: [i8; 16], b: [i8; 16]) -> [i8; 16] { compare(a, b, |a, b| a >= b) }
    I8x16GeU(a: [u8; 16], b: [u8; 16]) -> [i8; 16] { compare(a, b, |a, b| a >= b) }
    I8x16Abs(a: [i8; 16]) -> [i8; 16] { a.map(i8::wrapping_abs) }
    I8x16Neg(a: [i8; 16]) -> [i8; 16] { a.map(i8::wrapping_neg) }
    I8x16Popcnt(a: [u8; 16]) -> [u8; 16] { a.map(|lane| lane.count_ones() as u8) }
    I8x16Shl(a: [u8; 16], count: u32) -> [u8; 16] { a.map(|lane| lane.wrapping_shl(count)) }
    I8x16ShrS(a: [i8; 16], count: u32) -> [i8; 16] { a.map(|lane| lane.wrapping_shr(count)) }
    I8x16ShrU(a: [u8; 16], count: u32) -> [u8; 16] { a.map(|lane| lane.wrapping_shr(count)) }
    I8x16Add(a: [u8; 16], b: [u8; 16]) -> [u8; 16] { zip(a, b, u8::wrapping_add) }
    I8x16Sub(a: [u8; 16], b: [u8; 16]) -> [u8; 16] { zip(a, b, u8::wrapping_sub) }
    I8x16AddSatS(a: [i8; 16], b: [i8; 16]) -> [i8; 16] { zip(a, b, i8::saturating_add) }
    I8x16AddSatU(a: [u8; 16], b: [u8; 16]) -> [u8; 16] { zip(a, b, u8::saturating_add) }
    I8x16SubSatS(a: [i8; 16], b: [i8; 16]) -> [i8; 16] { zip(a, b, i8::saturating_sub) }
    I8x16SubSatU(a: [u8; 16], b: [u8; 16]) -> [u8; 16] { zip(a, b, u8::saturating_sub) }
    I8x16AvgrU(a: [u8; 16], b: [u8; 16]) -> [u8; 16] { zip(a, b, |a, b| (u16::from(a) + u16::from(b)).div_ceil(2) as u8) }
    I8x16MinS(a: [i8; 16], b: [i8; 16]) -> [i8; 16] { zip(a, b, i8::min) }
    I8x16MinU(a: [u8; 16], b: [u8; 16]) -> [u8; 16] { zip(a, b, u8::min) }
    I8x16MaxS(a: [i8; 16], b: [i8; 16]) -> [i8; 16] { zip(a, b, i8::max) }
    I8x16MaxU(a: [u8; 16], b: [u8; 16]) -> [u8; 16] { zip(a, b, u8::max) }

    I16x8Splat(a: u32) -> [u16; 8] { [a as u16; 8] }
    I16x8AllTrue(a: [u16; 8]) -> bool { a.iter().all(|lane| *lane != 0) }
    I16x8Bitmask(a: [i16; 8]) -> u32 { bitmask(a) }
    I16x8Eq(a: [u16; 8], b: [u16; 8]) -> [i16; 8] { compare(a, b, |a, b| a == b) }
    I16x8Ne(a: [u16; 8], b: [u16; 8]) -> [i16; 8] { compare(a, b, |a, b| a != b) }
    I16x8LtS(a: [i16; 8], b: [i16; 8]) -> [i16; 8] { compare(a, b, |a, b| a < b) }
    I16x8LtU(a: [u16; 8], b: [u16; 8]) -> [i16; 8] { compare(a, b, |a, b| a < b) }
    I16x8GtS(a: [i16; 8], b: [i16; 8]) -> [i16; 8] { compare(a, b, |a, b| a > b) }
    I16x8GtU(a: [u16; 8], b: [u16; 8]) -> [i16; 8] { compare(a, b, |a, b| a > b) }
    I16x8LeS(a: [i16; 8], b: [i16; 8]) -> [i16; 8] { compare(a, b, |a, b| a <= b) }
    I16x8LeU(a: [u16; 8], b: [u16; 8]) -> [i16; 8] { compare(a, b, |a, b| a <= b) }
    I16x8GeS(a: [i16; 8], b: [i16; 8]) -> [i16; 8] { compare(a, b, |a, b| a >= b) }
    I16x8GeU(a: [u16; 8], b: [u16; 8]) -> [i16; 8] { compare(a, b, |a, b| a >= b) }
    I16x8Abs(a: [i16; 8]) -> [i16; 8] { a.map(i16::wrapping_abs) }
    I16x8Neg(a: [i16; 8]) -> [i16; 8] { a.map(i16::wrapping_neg) }
    I16x8Shl(a: [u16; 8], count: u32) -> [u16; 8] { a.map(|lane| lane.wrapping_shl(count)) }
    I16x8ShrS(a: [i16; 8], count: u32) -> [i16; 8] { a.map(|lane| lane.wrapping_shr(count)) }
    I16x8ShrU(a: [u16; 8], count: u32) -> [u16; 8] { a.map(|lane| lane.wrapping_shr(count)) }
    I16x8Add(a: [u16; 8], b: [u16; 8]) -> [u16; 8] { zip(a, b, u16::wrapping_add) }
    I16x8Sub(a: [u16; 8], b: [u16; 8]) -> [u16; 8] { zip(a, b, u16::wrapping_sub) }
    I16x8Mul(a: [u16; 8], b: [u16; 8]) -> [u16; 8] { zip(a, b, u16::wrapping_mul) }
    I16x8AddSatS(a: [i16; 8], b: [i16; 8]) -> [i16; 8] { zip(a, b, i16::saturating_add) }
    I16x8AddSatU(a: [u16; 8], b: [u16; 8]) -> [u16; 8] { zip(a, b, u16::saturating_add) }
    I16x8SubSatS(a: [i16; 8], b: [i16; 8]) -> [i16; 8] { zip(a, b, i16::saturating_sub) }
    I16x8SubSatU(a: [u16; 8], b: [u16; 8]) -> [u16; 8] { zip(a, b, u16::saturating_sub) }
    I16x8AvgrU(a: [u16; 8], b: [u16; 8]) -> [u16; 8] { zip(a, b, |a, b| (u32::from(a) + u32::from(b)).div_ceil(2) as u16) }
    I16x8MinS(a: [i16; 8], b: [i16; 8]) -> [i16; 8] { zip(a, b, i16::min) }
    I16x8MinU(a: [u16; 8], b: [u16; 8]) -> [u16; 8] { zip(a, b, u16::min) }
    I16x8MaxS(a: [i16; 8], b: [i16; 8]) -> [i16; 8] { zip(a, b, i16::max) }
    I16x8MaxU(a: [u16; 8], b: [u16; 8]) -> [u16; 8] { zip(a, b, u16::max) }

    I32x4Splat(a: u32) -> [u32; 4] { [a; 4] }
    I32x4AllTrue(a: [u32; 4]) -> bool { a.iter().all(|lane| *lane != 0) }
    I32x4Bitmask(a: [i32; 4]) -> u32 { bitmask(a) }
    I32x4Eq(a: [u32; 4], b: [u32; 4]) -> [i32; 4] { compare(a, b, |a, b| a == b) }
    I32x4Ne(a: [u32; 4], b: [u32; 4]) -> [i32; 4] { compare(a, b, |a, b| a != b) }
    I32x4LtS(a: [i32; 4], b: [i32; 4]) -> [i32; 4] { compare(a, b, |a, b| a < b) }
    I32x4LtU(a: [u32; 4], b: [u32; 4]) -> [i32; 4] { compare(a, b, |a, b| a < b) }
    I32x4GtS(a: [i32; 4], b: [i32; 4]) -> [i32; 4] { compare(a, b, |a, b| a > b) }
    I32x4GtU(a: [u32; 4], b: [u32; 4]) -> [i32; 4] { compare(a, b, |a, b| a > b) }
    I32x4LeS(a: [i32; 4], b: [i32; 4]) -> [i32; 4] { compare(a, b, |a, b| a <= b) }
    I32x4LeU(a: [u32; 4], b: [u32; 4]) -> [i32; 4] { compare(a, b, |a, b| a <= b) }
    I32x4GeS(a: [i32; 4], b: [i32; 4]) -> [i32; 4] { compare(a, b, |a, b| a >= b) }
    I32x4GeU(a: [u32; 4], b: [u32; 4]) -> [i32; 4] { compare(a, b, |a, b| a >= b) }
    I32x4Abs(a: [i32; 4]) -> [i32; 4] { a.map(i32::wrapping_abs) }
    I32x4Neg(a: [i32; 4]) -> [i32; 4] { a.map(i32::wrapping_neg) }
    I32x4Shl(a: [u32; 4], count: u32) -> [u32; 4] { a.map(|lane| lane.wrapping_shl(count)) }
    I32x4ShrS(a: [i32; 4], count: u32) -> [i32; 4] { a.map(|lane| lane.wrapping_shr(count)) }
    I32x4ShrU(a: [u32; 4], count: u32) -> [u32; 4] { a.map(|lane| lane.wrapping_shr(count)) }
    I32x4Add(a: [u32; 4], b: [u32; 4]) -> [u32; 4] { zip(a, b, u32::wrapping_add) }
    I32x4Sub(a: [u32; 4], b: [u32; 4]) -> [u32; 4] { zip(a, b, u32::wrapping_sub) }
    I32x4Mul(a: [u32; 4], b: [u32; 4]) -> [u32; 4] { zip(a, b, u32::wrapping_mul) }
    I32x4MinS(a: [i32; 4], b: [i32; 4]) -> [i32; 4] { zip(a, b, i32::min) }
    I32x4MinU(a: [u32; 4], b: [u32; 4]) -> [u32; 4] { zip(a, b, u32::min) }
    I32x4MaxS(a: [i32; 4], b: [i32; 4]) -> [i32; 4] { zip(a, b, i32::max) }
    I32x4MaxU(a: [u32; 4], b: [u32; 4]) -> [u32; 4] { zip(a, b, u32::max) }

    I64x2Splat(a: u64) -> [u64; 2] { [a; 2] }
    I64x2AllTrue(a: [u64; 2]) -> bool { a.iter().all(|lane| *lane != 0) }
    I64x2Bitmask(a: [i64; 2]) -> u32 { bitmask(a) }
    I64x2Eq(a: [u64; 2], b: [u64; 2]) -> [i64; 2] { compare(a, b, |a, b| a == b) }
    I64x2Ne(a: [u64; 2], b: [u64; 2]) -> [i64; 2] { compare(a, b, |a, b| a != b) }
    I64x2LtS(a: [i64; 2], b: [i64; 2]) -> [i64; 2] { compare(a, b, |a, b| a < b) }
    I64x2GtS(a: [i64; 2], b: [i64; 2]) -> [i64; 2] { compare(a, b, |a, b| a > b) }
    I64x2LeS(a: [i64; 2], b: [i64; 2]) -> [i64; 2] { compare(a, b, |a, b| a <= b) }
    I64x2GeS(a: [i64; 2], b: [i64; 2]) -> [i64; 2] { compare(a, b, |a, b| a >= b) }
    I64x2Abs(a: [i64; 2]) -> [i64; 2] { a.map(i64::wrapping_abs) }
    I64x2Neg(a: [i64; 2]) -> [i64; 2] { a.map(i64::wrapping_neg) }
    I64x2Shl(a: [u64; 2], count: u32) -> [u64; 2] { a.map(|lane| lane.wrapping_shl(count)) }
    I64x2ShrS(a: [i64; 2], count: u32) -> [i64; 2] { a.map(|lane| lane.wrapping_shr(count)) }
    I64x2ShrU(a: [u64; 2], count: u32) -> [u64; 2] { a.map(|lane| lane.wrapping_shr(count)) }
    I64x2Add(a: [u64; 2], b: [u64; 2]) -> [u64; 2] { zip(a, b, u64::wrapping_add) }
    I64x2Sub(a: [u64; 2], b: [u64; 2]) -> [u64; 2] { zip(a, b, u64::wrapping_sub) }
    I64x2Mul(a: [u64; 2], b: [u64; 2]) -> [u64; 2] { zip(a, b, u64::wrapping_mul) }

    I8x16NarrowI16x8S(a: [i16; 8], b: [i16; 8]) -> [i8; 16] { narrow(a, b, |lane| lane.clamp(i8::MIN.into(), i8::MAX.into()) as i8) }
    I8x16NarrowI16x8U(a: [i16; 8], b: [i16; 8]) -> [u8; 16] { narrow(a, b, |lane| lane.clamp(0, u8::MAX.into()) as u8) }
    I16x8NarrowI32x4S(a: [i32; 4], b: [i32; 4]) -> [i16; 8] { narrow(a, b, |lane| lane.clamp(i16::MIN.into(), i16::MAX.into()) as i16) }
    I16x8NarrowI32x4U(a: [i32; 4], b: [i32; 4]) -> [u16; 8] { narrow(a, b, |lane| lane.clamp(0, u16::MAX.into()) as u16) }
    I16x8ExtendLowI8x16S(a: [i8; 16]) -> [i16; 8] { low(a).map(i16::from) }
    I16x8ExtendLowI8x16U(a: [u8; 16]) -> [u16; 8] { low(a).map(u16::from) }
    I16x8ExtendHighI8x16S(a: [i8; 16]) -> [i16; 8] { high(a).map(i16::from) }
    I16x8ExtendHighI8x16U(a: [u8; 16]) -> [u16; 8] { high(a).map(u16::from) }
    I16x8ExtMulLowI8x16S(a: [i8; 16], b: [i8; 16]) -> [i16; 8] { zip(low(a), low(b), |a, b| i16::from(a) * i16::from(b)) }
    I16x8ExtMulLowI8x16U(a: [u8; 16], b: [u8; 16]) -> [u16; 8] { zip(low(a), low(b), |a, b| u16::from(a) * u16::from(b)) }
    I16x8ExtMulHighI8x16S(a: [i8; 16], b: [i8; 16]) -> [i16; 8] { zip(high(a), high(b), |a, b| i16::from(a) * i16::from(b)) }
    I16x8ExtMulHighI8x16U(a: [u8; 16], b: [u8; 16]) -> [u16; 8] { zip(high(a), high(b), |a, b| u16::from(a) * u16::from(b)) }
    I16x8ExtAddPairwiseI8x16S(a: [i8; 16]) -> [i16; 8] { pairs(a, |a, b| i16::from(a) + i16::from(b)) }
    I16x8ExtAddPairwiseI8x16U(a: [u8; 16]) -> [u16; 8] { pairs(a, |a, b| u16::from(a) + u16::from(b)) }
    I32x4ExtendLowI16x8S(a: [i16; 8]) -> [i32; 4] { low(a).map(i32::from) }
    I32x4ExtendLowI16x8U(a: [u16; 8]) -> [u32; 4] { low(a).map(u32::from) }
    I32x4ExtendHighI16x8S(a: [i16; 8]) -> [i32; 4] { high(a).map(i32::from) }
    I32x4ExtendHighI16x8U(a: [u16; 8]) -> [u32; 4] { high(a).map(u32::from) }
    I32x4ExtMulLowI16x8S(a: [i16; 8], b: [i16; 8]) -> [i32; 4] { zip(low(a), low(b), |a, b| i32::from(a) * i32::from(b)) }
    I32x4ExtMulLowI16x8U(a: [u16; 8], b: [u16; 8]) -> [u32; 4] { zip(low(a), low(b), |a, b| u32::from(a) * u32::from(b)) }
    I32x4ExtMulHighI16x8S(a: [i16; 8], b: [i16; 8]) -> [i32; 4] { zip(high(a), high(b), |a, b| i32::from(a) * i32::from(b)) }
    I32x4ExtMulHighI16x8U(a: [u16; 8], b: [u16; 8]) -> [u32; 4] { zip(high(a), high(b), |a, b| u32::from(a) * u32::from(b)) }
    I32x4ExtAddPairwiseI16x8S(a: [i16; 8]) -> [i32; 4] { pairs(a, |a, b| i32::from(a) + i32::from(b)) }
    I32x4ExtAddPairwiseI16x8U(a: [u16; 8]) -> [u32; 4] { pairs(a, |a, b| u32::from(a) + u32::from(b)) }
    I64x2ExtendLowI32x4S(a: [i32; 4]) -> [i64; 2] { low(a).map(i64::from) }
    I64x2ExtendLowI32x4U(a: [u32; 4]) -> [u64; 2] { low(a).map(u64::from) }
    I64x2ExtendHighI32x4S(a: [i32; 4]) -> [i64; 2] { high(a).map(i64::from) }
    I64x2ExtendHighI32x4U(a: [u32; 4]) -> [u64; 2] { high(a).map(u64::from) }
    I64x2ExtMulLowI32x4S(a: [i32; 4], b: [i32; 4]) -> [i64; 2] { zip(low(a), low(b), |a, b| i64::from(a) * i64::from(b)) }
    I64x2ExtMulLowI32x4U(a: [u32; 4], b: [u32; 4]) -> [u64; 2] { zip(low(a), low(b), |a, b| u64::from(a) * u64::from(b)) }
    I64x2ExtMulHighI32x4S(a: [i32; 4], b: [i32; 4]) -> [i64; 2] { zip(high(a), high(b), |a, b| i64::from(a) * i64::from(b)) }
    I64x2ExtMulHighI32x4U(a: [u32; 4], b: [u32; 4]) -> [u64; 2] { zip(high(a), high(b), |a, b| u64::from(a) * u64::from(b)) }
    I16x8Q15MulrSatS(a: [i16; 8], b: [i16; 8]) -> [i16; 8] { zip(a, b, multiply_q15) }
    I32x4DotI16x8S(a: [i16; 8], b: [i16; 8]) -> [i32; 4] { pairs(zip(a, b, |a, b| i32::from(a) * i32::from(b)), i32::wrapping_add) }

    // Relaxed, in the deterministic profile: each is its first alternative (spec, section 4.3.6).
    I8x16RelaxedSwizzle(a: [u8; 16], indexes: [u8; 16]) -> [u8; 16] { swizzle(a, indexes) }
    I8x16RelaxedLaneselect(a: u128, b: u128, mask: u128) -> u128 { select(a, b, mask) }
    I16x8RelaxedLaneselect(a: u128, b: u128, mask: u128) -> u128 { select(a, b, mask) }
    I32x4RelaxedLaneselect(a: u128, b: u128, mask: u128) -> u128 { select(a, b, mask) }
    I64x2RelaxedLaneselect(a: u128, b: u128, mask: u128) -> u128 { select(a, b, mask) }
    I16x8RelaxedQ15mulrS(a: [i16; 8], b: [i16; 8]) -> [i16; 8] { zip(a, b, multiply_q15) }
    I16x8RelaxedDotI8x16I7x16S(a: [i8; 16], b: [i8; 16]) -> [i16; 8] { dot(a, b) }
    I32x4RelaxedDotI8x16I7x16AddS(a: [i8; 16], b: [i8; 16], sum: [i32; 4]) -> [i32; 4] { zip(pairs(dot(a, b), |a, b| i32::from(a) + i32::from(b)), sum, i32::wrapping_add) }
}

/// Each bit of `a` where the mask is set, else of `b`.
fn select(a: u128, b: u128, mask: u128) -> u128 {
    a & mask | b & !mask
}

/// A lane is all ones where it holds, else zero.
pub(super) fn compare<T: Copy, R: From<bool> + Neg<Output = R>, const N: usize>(
    a: [T; N],
    b: [T; N],
    holds: impl Fn(T, T) -> bool,
) -> [R; N] {
    zip(a, b, |a, b| -R::from(holds(a, b)))
}

/// The sign bits, lane 0 lowest.
fn bitmask<T: Default + PartialOrd, const N: usize>(a: [T; N]) -> u32 {
    let lanes = a.into_iter().enumerate();
    lanes.fold(0, |bits, (lane, value)| {
        bits | u32::from(value < T::default()) << lane
    })
}

/// The lanes that the indexes name; zero for an index that names none.
fn swizzle(a: [u8; 16], indexes: [u8; 16]) -> [u8; 16] {
    indexes.map(|index| a.get(usize::from(index)).copied().unwrap_or(0))
}

/// Both vectors, one after the other, in narrower lanes.
fn narrow<T: Copy, R, const N: usize, const M: usize>(
    a: [T; N],
    b: [T; N],
    saturate: impl Fn(T) -> R,
) -> [R; M] {
    std::array::from_fn(|lane| saturate(if lane < N { a[lane] } else { b[lane - N] }))
}

/// Fixed-point numbers with 15 fractional bits: the rounded, saturated product.
fn multiply_q15(a: i16, b: i16) -> i16 {
    let product = i32::from(a) * i32::from(b);
    ((product + (1 << 14)) >> 15).min(i16::MAX.into()) as i16
}

/// Products of signed lanes, added in pairs, saturated.
fn dot(a: [i8; 16], b: [i8; 16]) -> [i16; 8] {
    pairs(zip(a, b, |a, b| i16::from(a) * i16::from(b)), i16::saturating_add)
}
