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
        Err(format!("{value:?} instead of {core:?}"))
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
