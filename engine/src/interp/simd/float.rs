//! Vector instructions on lanes of floats: one row each.
//!
//! # Invariants
//! - None of them traps.
//! - Lanes that arithmetic yields have a canonical NaN or are no NaN; moves keep every payload.
//! - Relaxed instructions behave as the deterministic profile of the spec says: products and sums are rounded
//!   one after the other.
//!
//! Must not know: frames, control, the store.

use super::lanes::compare;
use super::{low, zip};
use crate::error::TrapKind;
use crate::interp::numeric::{SIGN_32, SIGN_64, max_32, max_64, min_32, min_64};
use crate::interp::value::{Bits32, Bits64, Slot, Value, instructions};

instructions! {
    /// A vector instruction on floats.
    enum Floats;

    F32x4Splat(a: Bits32) -> [u32; 4] { [a.0; 4] }
    F32x4Eq(a: [f32; 4], b: [f32; 4]) -> [i32; 4] { compare(a, b, |a, b| a == b) }
    F32x4Ne(a: [f32; 4], b: [f32; 4]) -> [i32; 4] { compare(a, b, |a, b| a != b) }
    F32x4Lt(a: [f32; 4], b: [f32; 4]) -> [i32; 4] { compare(a, b, |a, b| a < b) }
    F32x4Gt(a: [f32; 4], b: [f32; 4]) -> [i32; 4] { compare(a, b, |a, b| a > b) }
    F32x4Le(a: [f32; 4], b: [f32; 4]) -> [i32; 4] { compare(a, b, |a, b| a <= b) }
    F32x4Ge(a: [f32; 4], b: [f32; 4]) -> [i32; 4] { compare(a, b, |a, b| a >= b) }
    F32x4Abs(a: [u32; 4]) -> [u32; 4] { a.map(|lane| lane & !SIGN_32) }
    F32x4Neg(a: [u32; 4]) -> [u32; 4] { a.map(|lane| lane ^ SIGN_32) }
    F32x4Ceil(a: [f32; 4]) -> [f32; 4] { a.map(f32::ceil) }
    F32x4Floor(a: [f32; 4]) -> [f32; 4] { a.map(f32::floor) }
    F32x4Trunc(a: [f32; 4]) -> [f32; 4] { a.map(f32::trunc) }
    F32x4Nearest(a: [f32; 4]) -> [f32; 4] { a.map(f32::round_ties_even) }
    F32x4Sqrt(a: [f32; 4]) -> [f32; 4] { a.map(f32::sqrt) }
    F32x4Add(a: [f32; 4], b: [f32; 4]) -> [f32; 4] { zip(a, b, |a, b| a + b) }
    F32x4Sub(a: [f32; 4], b: [f32; 4]) -> [f32; 4] { zip(a, b, |a, b| a - b) }
    F32x4Mul(a: [f32; 4], b: [f32; 4]) -> [f32; 4] { zip(a, b, |a, b| a * b) }
    F32x4Div(a: [f32; 4], b: [f32; 4]) -> [f32; 4] { zip(a, b, |a, b| a / b) }
    F32x4Min(a: [f32; 4], b: [f32; 4]) -> [f32; 4] { zip(a, b, min_32) }
    F32x4Max(a: [f32; 4], b: [f32; 4]) -> [f32; 4] { zip(a, b, max_32) }
    // These choose an operand and keep its bits.
    F32x4PMin(a: [u32; 4], b: [u32; 4]) -> [u32; 4] { zip(a, b, |a, b| if f32::from_bits(b) < f32::from_bits(a) { b } else { a }) }
    F32x4PMax(a: [u32; 4], b: [u32; 4]) -> [u32; 4] { zip(a, b, |a, b| if f32::from_bits(a) < f32::from_bits(b) { b } else { a }) }

    F64x2Splat(a: Bits64) -> [u64; 2] { [a.0; 2] }
    F64x2Eq(a: [f64; 2], b: [f64; 2]) -> [i64; 2] { compare(a, b, |a, b| a == b) }
    F64x2Ne(a: [f64; 2], b: [f64; 2]) -> [i64; 2] { compare(a, b, |a, b| a != b) }
    F64x2Lt(a: [f64; 2], b: [f64; 2]) -> [i64; 2] { compare(a, b, |a, b| a < b) }
    F64x2Gt(a: [f64; 2], b: [f64; 2]) -> [i64; 2] { compare(a, b, |a, b| a > b) }
    F64x2Le(a: [f64; 2], b: [f64; 2]) -> [i64; 2] { compare(a, b, |a, b| a <= b) }
    F64x2Ge(a: [f64; 2], b: [f64; 2]) -> [i64; 2] { compare(a, b, |a, b| a >= b) }
    F64x2Abs(a: [u64; 2]) -> [u64; 2] { a.map(|lane| lane & !SIGN_64) }
    F64x2Neg(a: [u64; 2]) -> [u64; 2] { a.map(|lane| lane ^ SIGN_64) }
    F64x2Ceil(a: [f64; 2]) -> [f64; 2] { a.map(f64::ceil) }
    F64x2Floor(a: [f64; 2]) -> [f64; 2] { a.map(f64::floor) }
    F64x2Trunc(a: [f64; 2]) -> [f64; 2] { a.map(f64::trunc) }
    F64x2Nearest(a: [f64; 2]) -> [f64; 2] { a.map(f64::round_ties_even) }
    F64x2Sqrt(a: [f64; 2]) -> [f64; 2] { a.map(f64::sqrt) }
    F64x2Add(a: [f64; 2], b: [f64; 2]) -> [f64; 2] { zip(a, b, |a, b| a + b) }
    F64x2Sub(a: [f64; 2], b: [f64; 2]) -> [f64; 2] { zip(a, b, |a, b| a - b) }
    F64x2Mul(a: [f64; 2], b: [f64; 2]) -> [f64; 2] { zip(a, b, |a, b| a * b) }
    F64x2Div(a: [f64; 2], b: [f64; 2]) -> [f64; 2] { zip(a, b, |a, b| a / b) }
    F64x2Min(a: [f64; 2], b: [f64; 2]) -> [f64; 2] { zip(a, b, min_64) }
    F64x2Max(a: [f64; 2], b: [f64; 2]) -> [f64; 2] { zip(a, b, max_64) }
    // These choose an operand and keep its bits.
    F64x2PMin(a: [u64; 2], b: [u64; 2]) -> [u64; 2] { zip(a, b, |a, b| if f64::from_bits(b) < f64::from_bits(a) { b } else { a }) }
    F64x2PMax(a: [u64; 2], b: [u64; 2]) -> [u64; 2] { zip(a, b, |a, b| if f64::from_bits(a) < f64::from_bits(b) { b } else { a }) }

    // Rust's casts from float saturate and turn NaN into zero, as these do.
    I32x4TruncSatF32x4S(a: [f32; 4]) -> [i32; 4] { a.map(|lane| lane as i32) }
    I32x4TruncSatF64x2SZero(a: [f64; 2]) -> [i32; 4] { then_zero(a.map(|lane| lane as i32)) }
    F32x4ConvertI32x4S(a: [i32; 4]) -> [f32; 4] { a.map(|lane| lane as f32) }
    F64x2ConvertLowI32x4S(a: [i32; 4]) -> [f64; 2] { low(a).map(f64::from) }
    I32x4TruncSatF32x4U(a: [f32; 4]) -> [u32; 4] { a.map(|lane| lane as u32) }
    I32x4TruncSatF64x2UZero(a: [f64; 2]) -> [u32; 4] { then_zero(a.map(|lane| lane as u32)) }
    F32x4ConvertI32x4U(a: [u32; 4]) -> [f32; 4] { a.map(|lane| lane as f32) }
    F64x2ConvertLowI32x4U(a: [u32; 4]) -> [f64; 2] { low(a).map(f64::from) }
    F32x4DemoteF64x2Zero(a: [f64; 2]) -> [f32; 4] { then_zero(a.map(|lane| lane as f32)) }
    F64x2PromoteLowF32x4(a: [f32; 4]) -> [f64; 2] { low(a).map(f64::from) }

    // Relaxed, in the deterministic profile: each is its first alternative (spec, section 4.3.6).
    I32x4RelaxedTruncF32x4S(a: [f32; 4]) -> [i32; 4] { a.map(|lane| lane as i32) }
    I32x4RelaxedTruncF64x2SZero(a: [f64; 2]) -> [i32; 4] { then_zero(a.map(|lane| lane as i32)) }
    I32x4RelaxedTruncF32x4U(a: [f32; 4]) -> [u32; 4] { a.map(|lane| lane as u32) }
    I32x4RelaxedTruncF64x2UZero(a: [f64; 2]) -> [u32; 4] { then_zero(a.map(|lane| lane as u32)) }
    F32x4RelaxedMadd(a: [f32; 4], b: [f32; 4], sum: [f32; 4]) -> [f32; 4] { zip(zip(a, b, |a, b| a * b), sum, |a, b| a + b) }
    F32x4RelaxedNmadd(a: [f32; 4], b: [f32; 4], sum: [f32; 4]) -> [f32; 4] { zip(zip(a, b, |a, b| -a * b), sum, |a, b| a + b) }
    F32x4RelaxedMin(a: [f32; 4], b: [f32; 4]) -> [f32; 4] { zip(a, b, min_32) }
    F32x4RelaxedMax(a: [f32; 4], b: [f32; 4]) -> [f32; 4] { zip(a, b, max_32) }
    F64x2RelaxedMadd(a: [f64; 2], b: [f64; 2], sum: [f64; 2]) -> [f64; 2] { zip(zip(a, b, |a, b| a * b), sum, |a, b| a + b) }
    F64x2RelaxedNmadd(a: [f64; 2], b: [f64; 2], sum: [f64; 2]) -> [f64; 2] { zip(zip(a, b, |a, b| -a * b), sum, |a, b| a + b) }
    F64x2RelaxedMin(a: [f64; 2], b: [f64; 2]) -> [f64; 2] { zip(a, b, min_64) }
    F64x2RelaxedMax(a: [f64; 2], b: [f64; 2]) -> [f64; 2] { zip(a, b, max_64) }
}

/// Two lanes, and two that are zero.
fn then_zero<T: Copy + Default>([a, b]: [T; 2]) -> [T; 4] {
    [a, b, T::default(), T::default()]
}
