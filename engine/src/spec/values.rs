//! Values of scripts and of the engine, compared.
//!
//! # Invariants
//! - A NaN pattern is a pattern of bits; everything else is equal or not, bit by bit.
//!
//! Must not know: modules, the store.

use crate::types::{Val, ValType};
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};

/// An argument that a script gives. A null's type is not said there.
pub(super) fn argument(arg: &WastArg<'_>) -> Result<Val, String> {
    let WastArg::Core(core) = arg else {
        return Err("an argument of a component".into());
    };
    Ok(match core {
        WastArgCore::I32(value) => Val::I32(*value),
        WastArgCore::I64(value) => Val::I64(*value),
        WastArgCore::F32(value) => Val::F32(value.bits),
        WastArgCore::F64(value) => Val::F64(value.bits),
        WastArgCore::V128(value) => Val::V128(u128::from_le_bytes(value.to_le_bytes())),
        // Null is zero whatever its type.
        WastArgCore::RefNull(_) => Val::zero(ValType::FuncRef),
        WastArgCore::RefExtern(value) => Val::ExternRef(u64::from(*value) + 1),
        other => return Err(format!("an argument that is not supported: {other:?}")),
    })
}

/// Checks a result against what a script expects; the error says what is wrong with it.
pub(super) fn check(value: Val, expected: &WastRet<'_>) -> Result<(), String> {
    let WastRet::Core(core) = expected else {
        return Err("a result of a component".into());
    };
    if matches_core(value, core)? {
        Ok(())
    } else {
        Err(format!("{} instead of {}", written(&[value]), expectation(core)))
    }
}

/// Values as a script writes them.
pub(super) fn written(values: &[Val]) -> String {
    let one = |value: &Val| match *value {
        Val::I32(_) | Val::I64(_) => format!("({}.const {value})", value.ty()),
        Val::F32(bits) => float("f32", f64::from(f32::from_bits(bits)), u64::from(bits), 23),
        Val::F64(bits) => float("f64", f64::from_bits(bits), bits, 52),
        Val::V128(bits) => {
            let lane = |index: u32| format!("0x{:08x}", (bits >> (32 * index)) as u32);
            format!("(v128.const i32x4 {})", [0, 1, 2, 3].map(lane).join(" "))
        }
        Val::FuncRef(0) | Val::ExternRef(0) | Val::ExnRef(0) => "(ref.null)".to_string(),
        Val::FuncRef(_) => "(ref.func)".to_string(),
        Val::ExternRef(number) => format!("(ref.extern {})", number - 1),
        Val::ExnRef(_) => "(ref.exn)".to_string(),
    };
    match values {
        [] => "nothing".to_string(),
        some => some.iter().map(one).collect::<Vec<_>>().join(" "),
    }
}

/// A float, with the payload of a NaN.
fn float(ty: &str, value: f64, bits: u64, fraction_bits: u32) -> String {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let payload = bits & ((1 << fraction_bits) - 1);
    match value.is_nan() {
        true => format!("({ty}.const {sign}nan:0x{payload:x})"),
        false => format!("({ty}.const {value:?})"),
    }
}

/// What a script expects, as it writes it.
fn expectation(core: &WastRetCore<'_>) -> String {
    fn pattern<T>(ty: &str, pattern: &NanPattern<T>, value: impl Fn(&T) -> Val) -> String {
        match pattern {
            NanPattern::CanonicalNan => format!("({ty}.const nan:canonical)"),
            NanPattern::ArithmeticNan => format!("({ty}.const nan:arithmetic)"),
            NanPattern::Value(expected) => written(&[value(expected)]),
        }
    }
    match core {
        WastRetCore::I32(value) => written(&[Val::I32(*value)]),
        WastRetCore::I64(value) => written(&[Val::I64(*value)]),
        WastRetCore::F32(expected) => pattern("f32", expected, |value| Val::F32(value.bits)),
        WastRetCore::F64(expected) => pattern("f64", expected, |value| Val::F64(value.bits)),
        WastRetCore::RefNull(_) => "(ref.null)".to_string(),
        WastRetCore::RefFunc(_) => "(ref.func)".to_string(),
        WastRetCore::RefExtern(None) => "(ref.extern)".to_string(),
        WastRetCore::RefExtern(Some(number)) => format!("(ref.extern {number})"),
        WastRetCore::Either(choices) => choices.iter().map(expectation).collect::<Vec<_>>().join(" or "),
        other => format!("{other:?}"),
    }
}

fn matches_core(value: Val, expected: &WastRetCore<'_>) -> Result<bool, String> {
    Ok(match (value, expected) {
        (Val::I32(value), WastRetCore::I32(expected)) => value == *expected,
        (Val::I64(value), WastRetCore::I64(expected)) => value == *expected,
        (Val::F32(bits), WastRetCore::F32(pattern)) => matches_f32(bits, pattern),
        (Val::F64(bits), WastRetCore::F64(pattern)) => matches_f64(bits, pattern),
        (Val::V128(bits), WastRetCore::V128(pattern)) => matches_vector(bits, pattern),
        (Val::FuncRef(bits) | Val::ExternRef(bits), WastRetCore::RefNull(_)) => bits == 0,
        (Val::ExternRef(bits), WastRetCore::RefExtern(expected)) => match expected {
            Some(expected) => bits == u64::from(*expected) + 1,
            None => bits != 0,
        },
        (Val::FuncRef(bits), WastRetCore::RefFunc(None)) => bits != 0,
        (_, WastRetCore::Either(choices)) => {
            for choice in choices {
                if matches_core(value, choice)? {
                    return Ok(true);
                }
            }
            false
        }
        _ => return Err(format!("{value:?} cannot be compared with {expected:?}")),
    })
}

fn matches_f32(bits: u32, pattern: &NanPattern<F32>) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(expected) => bits == expected.bits,
    }
}

fn matches_f64(bits: u64, pattern: &NanPattern<F64>) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & (u64::MAX >> 1) == 0x7ff8 << 48,
        NanPattern::ArithmeticNan => bits & 0x7ff8 << 48 == 0x7ff8 << 48,
        NanPattern::Value(expected) => bits == expected.bits,
    }
}

fn matches_vector(bits: u128, pattern: &V128Pattern) -> bool {
    fn lanes<T, const N: usize>(bits: u128, lane: &[T; N], holds: impl Fn(u64, &T) -> bool) -> bool {
        let width = 128 / N;
        let mask = u128::MAX >> (128 - width);
        let mut lanes = lane.iter().enumerate();
        lanes.all(|(index, expected)| holds((bits >> (index * width) & mask) as u64, expected))
    }
    match pattern {
        V128Pattern::I8x16(pattern) => lanes(bits, pattern, |lane, expected| lane as u8 == *expected as u8),
        V128Pattern::I16x8(pattern) => lanes(bits, pattern, |lane, expected| lane as u16 == *expected as u16),
        V128Pattern::I32x4(pattern) => lanes(bits, pattern, |lane, expected| lane as u32 == *expected as u32),
        V128Pattern::I64x2(pattern) => lanes(bits, pattern, |lane, expected| lane == *expected as u64),
        V128Pattern::F32x4(pattern) => {
            lanes(bits, pattern, |lane, expected| matches_f32(lane as u32, expected))
        }
        V128Pattern::F64x2(pattern) => lanes(bits, pattern, matches_f64),
    }
}
