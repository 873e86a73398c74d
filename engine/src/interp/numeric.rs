//! The numeric instructions: one row each, as the spec defines them.
//!
//! # Invariants
//! - An instruction that traps has touched nothing.
//!
//! Must not know: frames, control, the store.

use super::value::{Bits32, Bits64, Slot, Value, instructions};
use crate::error::TrapKind;

instructions! {
    /// A numeric instruction: takes one or two operands, leaves one result.
    enum Numeric;

    I32Eqz(a: u32) -> bool { a == 0 }
    I32Eq(a: u32, b: u32) -> bool { a == b }
    I32Ne(a: u32, b: u32) -> bool { a != b }
    I32LtS(a: i32, b: i32) -> bool { a < b }
    I32LtU(a: u32, b: u32) -> bool { a < b }
    I32GtS(a: i32, b: i32) -> bool { a > b }
    I32GtU(a: u32, b: u32) -> bool { a > b }
    I32LeS(a: i32, b: i32) -> bool { a <= b }
    I32LeU(a: u32, b: u32) -> bool { a <= b }
    I32GeS(a: i32, b: i32) -> bool { a >= b }
    I32GeU(a: u32, b: u32) -> bool { a >= b }
    I64Eqz(a: u64) -> bool { a == 0 }
    I64Eq(a: u64, b: u64) -> bool { a == b }
    I64Ne(a: u64, b: u64) -> bool { a != b }
    I64LtS(a: i64, b: i64) -> bool { a < b }
    I64LtU(a: u64, b: u64) -> bool { a < b }
    I64GtS(a: i64, b: i64) -> bool { a > b }
    I64GtU(a: u64, b: u64) -> bool { a > b }
    I64LeS(a: i64, b: i64) -> bool { a <= b }
    I64LeU(a: u64, b: u64) -> bool { a <= b }
    I64GeS(a: i64, b: i64) -> bool { a >= b }
    I64GeU(a: u64, b: u64) -> bool { a >= b }
    F32Eq(a: f32, b: f32) -> bool { a == b }
    F32Ne(a: f32, b: f32) -> bool { a != b }
    F32Lt(a: f32, b: f32) -> bool { a < b }
    F32Gt(a: f32, b: f32) -> bool { a > b }
    F32Le(a: f32, b: f32) -> bool { a <= b }
    F32Ge(a: f32, b: f32) -> bool { a >= b }
    F64Eq(a: f64, b: f64) -> bool { a == b }
    F64Ne(a: f64, b: f64) -> bool { a != b }
    F64Lt(a: f64, b: f64) -> bool { a < b }
    F64Gt(a: f64, b: f64) -> bool { a > b }
    F64Le(a: f64, b: f64) -> bool { a <= b }
    F64Ge(a: f64, b: f64) -> bool { a >= b }

    I32Clz(a: u32) -> u32 { a.leading_zeros() }
    I32Ctz(a: u32) -> u32 { a.trailing_zeros() }
    I32Popcnt(a: u32) -> u32 { a.count_ones() }
    I32Add(a: u32, b: u32) -> u32 { a.wrapping_add(b) }
    I32Sub(a: u32, b: u32) -> u32 { a.wrapping_sub(b) }
    I32Mul(a: u32, b: u32) -> u32 { a.wrapping_mul(b) }
    I32DivS(a: i32, b: i32) -> i32 { nonzero(b != 0)?; a.checked_div(b).ok_or(TrapKind::IntegerOverflow)? }
    I32DivU(a: u32, b: u32) -> u32 { a.checked_div(b).ok_or(TrapKind::IntegerDivideByZero)? }
    I32RemS(a: i32, b: i32) -> i32 { nonzero(b != 0)?; a.wrapping_rem(b) }
    I32RemU(a: u32, b: u32) -> u32 { a.checked_rem(b).ok_or(TrapKind::IntegerDivideByZero)? }
    I32And(a: u32, b: u32) -> u32 { a & b }
    I32Or(a: u32, b: u32) -> u32 { a | b }
    I32Xor(a: u32, b: u32) -> u32 { a ^ b }
    I32Shl(a: u32, b: u32) -> u32 { a.wrapping_shl(b) }
    I32ShrS(a: i32, b: u32) -> i32 { a.wrapping_shr(b) }
    I32ShrU(a: u32, b: u32) -> u32 { a.wrapping_shr(b) }
    I32Rotl(a: u32, b: u32) -> u32 { a.rotate_left(b & 31) }
    I32Rotr(a: u32, b: u32) -> u32 { a.rotate_right(b & 31) }
    I64Clz(a: u64) -> u64 { u64::from(a.leading_zeros()) }
    I64Ctz(a: u64) -> u64 { u64::from(a.trailing_zeros()) }
    I64Popcnt(a: u64) -> u64 { u64::from(a.count_ones()) }
    I64Add(a: u64, b: u64) -> u64 { a.wrapping_add(b) }
    I64Sub(a: u64, b: u64) -> u64 { a.wrapping_sub(b) }
    I64Mul(a: u64, b: u64) -> u64 { a.wrapping_mul(b) }
    I64DivS(a: i64, b: i64) -> i64 { nonzero(b != 0)?; a.checked_div(b).ok_or(TrapKind::IntegerOverflow)? }
    I64DivU(a: u64, b: u64) -> u64 { a.checked_div(b).ok_or(TrapKind::IntegerDivideByZero)? }
    I64RemS(a: i64, b: i64) -> i64 { nonzero(b != 0)?; a.wrapping_rem(b) }
    I64RemU(a: u64, b: u64) -> u64 { a.checked_rem(b).ok_or(TrapKind::IntegerDivideByZero)? }
    I64And(a: u64, b: u64) -> u64 { a & b }
    I64Or(a: u64, b: u64) -> u64 { a | b }
    I64Xor(a: u64, b: u64) -> u64 { a ^ b }
    I64Shl(a: u64, b: u64) -> u64 { a.wrapping_shl(b as u32) }
    I64ShrS(a: i64, b: u64) -> i64 { a.wrapping_shr(b as u32) }
    I64ShrU(a: u64, b: u64) -> u64 { a.wrapping_shr(b as u32) }
    I64Rotl(a: u64, b: u64) -> u64 { a.rotate_left(b as u32 & 63) }
    I64Rotr(a: u64, b: u64) -> u64 { a.rotate_right(b as u32 & 63) }

    F32Abs(a: Bits32) -> Bits32 { Bits32(a.0 & !SIGN_32) }
    F32Neg(a: Bits32) -> Bits32 { Bits32(a.0 ^ SIGN_32) }
    F32Copysign(a: Bits32, b: Bits32) -> Bits32 { Bits32(a.0 & !SIGN_32 | b.0 & SIGN_32) }
    F32Ceil(a: f32) -> f32 { a.ceil() }
    F32Floor(a: f32) -> f32 { a.floor() }
    F32Trunc(a: f32) -> f32 { a.trunc() }
    F32Nearest(a: f32) -> f32 { a.round_ties_even() }
    F32Sqrt(a: f32) -> f32 { a.sqrt() }
    F32Add(a: f32, b: f32) -> f32 { a + b }
    F32Sub(a: f32, b: f32) -> f32 { a - b }
    F32Mul(a: f32, b: f32) -> f32 { a * b }
    F32Div(a: f32, b: f32) -> f32 { a / b }
    F32Min(a: f32, b: f32) -> f32 { min_32(a, b) }
    F32Max(a: f32, b: f32) -> f32 { max_32(a, b) }
    F64Abs(a: Bits64) -> Bits64 { Bits64(a.0 & !SIGN_64) }
    F64Neg(a: Bits64) -> Bits64 { Bits64(a.0 ^ SIGN_64) }
    F64Copysign(a: Bits64, b: Bits64) -> Bits64 { Bits64(a.0 & !SIGN_64 | b.0 & SIGN_64) }
    F64Ceil(a: f64) -> f64 { a.ceil() }
    F64Floor(a: f64) -> f64 { a.floor() }
    F64Trunc(a: f64) -> f64 { a.trunc() }
    F64Nearest(a: f64) -> f64 { a.round_ties_even() }
    F64Sqrt(a: f64) -> f64 { a.sqrt() }
    F64Add(a: f64, b: f64) -> f64 { a + b }
    F64Sub(a: f64, b: f64) -> f64 { a - b }
    F64Mul(a: f64, b: f64) -> f64 { a * b }
    F64Div(a: f64, b: f64) -> f64 { a / b }
    F64Min(a: f64, b: f64) -> f64 { min_64(a, b) }
    F64Max(a: f64, b: f64) -> f64 { max_64(a, b) }

    I32WrapI64(a: u64) -> u32 { a as u32 }
    I32TruncF32S(a: f32) -> i32 { truncate(f64::from(a), -TWO_31, TWO_31)? as i32 }
    I32TruncF32U(a: f32) -> u32 { truncate(f64::from(a), 0.0, TWO_32)? as u32 }
    I32TruncF64S(a: f64) -> i32 { truncate(a, -TWO_31, TWO_31)? as i32 }
    I32TruncF64U(a: f64) -> u32 { truncate(a, 0.0, TWO_32)? as u32 }
    I64ExtendI32S(a: i32) -> i64 { i64::from(a) }
    I64ExtendI32U(a: u32) -> u64 { u64::from(a) }
    I64TruncF32S(a: f32) -> i64 { truncate(f64::from(a), -TWO_63, TWO_63)? as i64 }
    I64TruncF32U(a: f32) -> u64 { truncate(f64::from(a), 0.0, TWO_64)? as u64 }
    I64TruncF64S(a: f64) -> i64 { truncate(a, -TWO_63, TWO_63)? as i64 }
    I64TruncF64U(a: f64) -> u64 { truncate(a, 0.0, TWO_64)? as u64 }
    // Rust's casts from float saturate and turn NaN into zero, as these do.
    I32TruncSatF32S(a: f32) -> i32 { a as i32 }
    I32TruncSatF32U(a: f32) -> u32 { a as u32 }
    I32TruncSatF64S(a: f64) -> i32 { a as i32 }
    I32TruncSatF64U(a: f64) -> u32 { a as u32 }
    I64TruncSatF32S(a: f32) -> i64 { a as i64 }
    I64TruncSatF32U(a: f32) -> u64 { a as u64 }
    I64TruncSatF64S(a: f64) -> i64 { a as i64 }
    I64TruncSatF64U(a: f64) -> u64 { a as u64 }
    F32ConvertI32S(a: i32) -> f32 { a as f32 }
    F32ConvertI32U(a: u32) -> f32 { a as f32 }
    F32ConvertI64S(a: i64) -> f32 { a as f32 }
    F32ConvertI64U(a: u64) -> f32 { a as f32 }
    F32DemoteF64(a: f64) -> f32 { a as f32 }
    F64ConvertI32S(a: i32) -> f64 { f64::from(a) }
    F64ConvertI32U(a: u32) -> f64 { f64::from(a) }
    F64ConvertI64S(a: i64) -> f64 { a as f64 }
    F64ConvertI64U(a: u64) -> f64 { a as f64 }
    F64PromoteF32(a: f32) -> f64 { f64::from(a) }
    I32ReinterpretF32(a: Bits32) -> u32 { a.0 }
    I64ReinterpretF64(a: Bits64) -> u64 { a.0 }
    F32ReinterpretI32(a: u32) -> Bits32 { Bits32(a) }
    F64ReinterpretI64(a: u64) -> Bits64 { Bits64(a) }
    I32Extend8S(a: i32) -> i32 { i32::from(a as i8) }
    I32Extend16S(a: i32) -> i32 { i32::from(a as i16) }
    I64Extend8S(a: i64) -> i64 { i64::from(a as i8) }
    I64Extend16S(a: i64) -> i64 { i64::from(a as i16) }
    I64Extend32S(a: i64) -> i64 { i64::from(a as i32) }
}

pub(super) const SIGN_32: u32 = 1 << 31;
pub(super) const SIGN_64: u64 = 1 << 63;
const TWO_31: f64 = 2_147_483_648.0;
const TWO_32: f64 = 4_294_967_296.0;
const TWO_63: f64 = 9_223_372_036_854_775_808.0;
const TWO_64: f64 = 18_446_744_073_709_551_616.0;

fn nonzero(divisor_is_nonzero: bool) -> Result<(), TrapKind> {
    if divisor_is_nonzero {
        Ok(())
    } else {
        Err(TrapKind::IntegerDivideByZero)
    }
}

/// The integral part of `value` if it lies in `min..end`. Every `f32` is an `f64`, so one function serves both.
fn truncate(value: f64, min: f64, end: f64) -> Result<f64, TrapKind> {
    if value.is_nan() {
        return Err(TrapKind::BadConversionToInteger);
    }
    let integral = value.trunc();
    if integral >= min && integral < end {
        Ok(integral)
    } else {
        Err(TrapKind::IntegerOverflow)
    }
}

macro_rules! extremes {
    ($($ty:ident: $min:ident $max:ident),*) => {
        $(/// The lesser one, where -0 is less than +0.
        pub(super) fn $min(a: $ty, b: $ty) -> $ty {
            if a.is_nan() || b.is_nan() {
                $ty::NAN
            } else if a == b {
                $ty::from_bits(a.to_bits() | b.to_bits())
            } else if a < b {
                a
            } else {
                b
            }
        }

        /// The greater one, where +0 is greater than -0.
        pub(super) fn $max(a: $ty, b: $ty) -> $ty {
            if a.is_nan() || b.is_nan() {
                $ty::NAN
            } else if a == b {
                $ty::from_bits(a.to_bits() & b.to_bits())
            } else if a > b {
                a
            } else {
                b
            }
        })*
    };
}

extremes! { f32: min_32 max_32, f64: min_64 max_64 }
