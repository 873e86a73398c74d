//! Values of scripts and of the engine, compared.
//!
//! # Invariants
//! - A NaN pattern is a pattern of bits; everything else is equal or not, bit by bit.
//!
//! Must not know: modules, the store.

use crate::types::{Val, ValType};
use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64, Index};
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
        WastArgCore::RefHost(value) => {
            return Err(format!("an argument that is not supported: (ref.host {value})"));
        }
    })
}

/// Checks a result against what a script expects; the error says what is wrong with it.
pub(super) fn check(value: Val, expected: &WastRet<'_>) -> Result<(), String> {
    let WastRet::Core(core) = expected else {
        return Err("a result of a component".into());
    };
    if matches_core(value, core) {
        Ok(())
    } else {
        Err(format!("{} instead of {}", found(value, core), expectation(core)))
    }
}

/// Values as a script writes them.
pub(super) fn written(values: &[Val]) -> String {
    let one = |value: &Val| match *value {
        Val::I32(_) | Val::I64(_) => format!("({}.const {value})", value.ty()),
        Val::F32(bits) => format!("(f32.const {})", f32_written(bits)),
        Val::F64(bits) => format!("(f64.const {})", f64_written(bits)),
        Val::V128(bits) => lanes_written("i32x4", &lanes::<4>(bits).map(|lane| format!("0x{lane:08x}"))),
        Val::FuncRef(0) => "(ref.null func)".to_string(),
        Val::ExternRef(0) => "(ref.null extern)".to_string(),
        Val::ExnRef(0) => "(ref.null exn)".to_string(),
        Val::FuncRef(_) => "(ref.func)".to_string(),
        Val::ExternRef(number) => format!("(ref.extern {})", number - 1),
        Val::ExnRef(_) => "(ref.exn)".to_string(),
    };
    match values {
        [] => "nothing".to_string(),
        some => some.iter().map(one).collect::<Vec<_>>().join(" "),
    }
}

/// A float's shortest text that reads back, or a NaN with its payload.
fn f32_written(bits: u32) -> String {
    let value = f32::from_bits(bits);
    match value.is_nan() {
        true => nan_written(value.is_sign_negative(), u64::from(bits & 0x7f_ffff)),
        false => format!("{value:?}"),
    }
}

/// As [`f32_written`].
fn f64_written(bits: u64) -> String {
    let value = f64::from_bits(bits);
    match value.is_nan() {
        true => nan_written(value.is_sign_negative(), bits & 0xf_ffff_ffff_ffff),
        false => format!("{value:?}"),
    }
}

fn nan_written(negative: bool, payload: u64) -> String {
    let sign = if negative { "-" } else { "" };
    format!("{sign}nan:0x{payload:x}")
}

/// A vector of a shape.
fn lanes_written(shape: &str, lanes: &[String]) -> String {
    format!("(v128.const {shape} {})", lanes.join(" "))
}

/// A result as a script writes it: a vector in the shape that is expected.
fn found(value: Val, expected: &WastRetCore<'_>) -> String {
    match (value, expected) {
        (Val::V128(bits), WastRetCore::V128(pattern)) => match pattern {
            V128Pattern::I8x16(_) => {
                lanes_written("i8x16", &lanes::<16>(bits).map(|lane| (lane as i8).to_string()))
            }
            V128Pattern::I16x8(_) => {
                lanes_written("i16x8", &lanes::<8>(bits).map(|lane| (lane as i16).to_string()))
            }
            V128Pattern::I32x4(_) => {
                lanes_written("i32x4", &lanes::<4>(bits).map(|lane| (lane as i32).to_string()))
            }
            V128Pattern::I64x2(_) => {
                lanes_written("i64x2", &lanes::<2>(bits).map(|lane| (lane as i64).to_string()))
            }
            V128Pattern::F32x4(_) => {
                lanes_written("f32x4", &lanes::<4>(bits).map(|lane| f32_written(lane as u32)))
            }
            V128Pattern::F64x2(_) => lanes_written("f64x2", &lanes::<2>(bits).map(f64_written)),
        },
        (_, WastRetCore::Either(choices)) => match choices.first() {
            Some(first) => found(value, first),
            None => written(&[value]),
        },
        _ => written(&[value]),
    }
}

/// What a script expects, as it writes it.
fn expectation(core: &WastRetCore<'_>) -> String {
    match core {
        WastRetCore::I32(value) => written(&[Val::I32(*value)]),
        WastRetCore::I64(value) => written(&[Val::I64(*value)]),
        WastRetCore::F32(pattern) => format!("(f32.const {})", f32_pattern(pattern)),
        WastRetCore::F64(pattern) => format!("(f64.const {})", f64_pattern(pattern)),
        WastRetCore::V128(pattern) => match pattern {
            V128Pattern::I8x16(lanes) => lanes_written("i8x16", &lanes.map(|lane| lane.to_string())),
            V128Pattern::I16x8(lanes) => lanes_written("i16x8", &lanes.map(|lane| lane.to_string())),
            V128Pattern::I32x4(lanes) => lanes_written("i32x4", &lanes.map(|lane| lane.to_string())),
            V128Pattern::I64x2(lanes) => lanes_written("i64x2", &lanes.map(|lane| lane.to_string())),
            V128Pattern::F32x4(lanes) => lanes_written("f32x4", &lanes.each_ref().map(f32_pattern)),
            V128Pattern::F64x2(lanes) => lanes_written("f64x2", &lanes.each_ref().map(f64_pattern)),
        },
        WastRetCore::RefNull(None) => "(ref.null)".to_string(),
        WastRetCore::RefNull(Some(heap)) => format!("(ref.null {})", heap_type(heap)),
        WastRetCore::RefFunc(None) => "(ref.func)".to_string(),
        WastRetCore::RefFunc(Some(func)) => {
            format!("(ref.func {}): functions are not told apart", index(func))
        }
        WastRetCore::RefExtern(None) => "(ref.extern)".to_string(),
        WastRetCore::RefExtern(Some(number)) => format!("(ref.extern {number})"),
        WastRetCore::RefHost(number) => format!("(ref.host {number})"),
        WastRetCore::RefAny => "(ref.any)".to_string(),
        WastRetCore::RefEq => "(ref.eq)".to_string(),
        WastRetCore::RefArray => "(ref.array)".to_string(),
        WastRetCore::RefStruct => "(ref.struct)".to_string(),
        WastRetCore::RefI31 => "(ref.i31)".to_string(),
        WastRetCore::RefI31Shared => "(ref.i31_shared)".to_string(),
        WastRetCore::Either(choices) => choices.iter().map(expectation).collect::<Vec<_>>().join(" or "),
    }
}

fn f32_pattern(pattern: &NanPattern<F32>) -> String {
    match pattern {
        NanPattern::CanonicalNan => "nan:canonical".to_string(),
        NanPattern::ArithmeticNan => "nan:arithmetic".to_string(),
        NanPattern::Value(expected) => f32_written(expected.bits),
    }
}

fn f64_pattern(pattern: &NanPattern<F64>) -> String {
    match pattern {
        NanPattern::CanonicalNan => "nan:canonical".to_string(),
        NanPattern::ArithmeticNan => "nan:arithmetic".to_string(),
        NanPattern::Value(expected) => f64_written(expected.bits),
    }
}

fn heap_type(heap: &HeapType<'_>) -> String {
    match heap {
        // The format's words are those of the variants.
        HeapType::Abstract { shared: false, ty } => format!("{ty:?}").to_lowercase(),
        HeapType::Abstract { shared: true, ty } => format!("(shared {})", format!("{ty:?}").to_lowercase()),
        HeapType::Concrete(of) => index(of),
        HeapType::Exact(of) => format!("(exact {})", index(of)),
    }
}

fn index(index: &Index<'_>) -> String {
    match index {
        Index::Num(number, _) => number.to_string(),
        Index::Id(id) => format!("${}", id.name()),
    }
}

fn matches_core(value: Val, expected: &WastRetCore<'_>) -> bool {
    match (value, expected) {
        (Val::I32(value), WastRetCore::I32(expected)) => value == *expected,
        (Val::I64(value), WastRetCore::I64(expected)) => value == *expected,
        (Val::F32(bits), WastRetCore::F32(pattern)) => matches_f32(bits, pattern),
        (Val::F64(bits), WastRetCore::F64(pattern)) => matches_f64(bits, pattern),
        (Val::V128(bits), WastRetCore::V128(pattern)) => matches_vector(bits, pattern),
        (Val::FuncRef(0) | Val::ExternRef(0) | Val::ExnRef(0), WastRetCore::RefNull(None)) => true,
        (Val::FuncRef(0), WastRetCore::RefNull(Some(heap))) => {
            use AbstractHeapType::{Func, NoFunc};
            // A type that a module defines is one of functions: others are not supported.
            is_one_of(heap, [Func, NoFunc]) || matches!(heap, HeapType::Concrete(_) | HeapType::Exact(_))
        }
        (Val::ExternRef(0), WastRetCore::RefNull(Some(heap))) => {
            is_one_of(heap, [AbstractHeapType::Extern, AbstractHeapType::NoExtern])
        }
        (Val::ExnRef(0), WastRetCore::RefNull(Some(heap))) => {
            is_one_of(heap, [AbstractHeapType::Exn, AbstractHeapType::NoExn])
        }
        (Val::ExternRef(bits), WastRetCore::RefExtern(expected)) => match expected {
            Some(expected) => bits == u64::from(*expected) + 1,
            None => bits != 0,
        },
        (Val::FuncRef(bits), WastRetCore::RefFunc(None)) => bits != 0,
        (_, WastRetCore::Either(choices)) => choices.iter().any(|choice| matches_core(value, choice)),
        _ => false,
    }
}

fn is_one_of(heap: &HeapType<'_>, types: [AbstractHeapType; 2]) -> bool {
    matches!(heap, HeapType::Abstract { shared: false, ty } if types.contains(ty))
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
    fn all<T, const N: usize>(bits: u128, pattern: &[T; N], holds: impl Fn(u64, &T) -> bool) -> bool {
        let mut lanes = lanes::<N>(bits).into_iter().zip(pattern);
        lanes.all(|(lane, expected)| holds(lane, expected))
    }
    match pattern {
        V128Pattern::I8x16(pattern) => all(bits, pattern, |lane, expected| lane as i8 == *expected),
        V128Pattern::I16x8(pattern) => all(bits, pattern, |lane, expected| lane as i16 == *expected),
        V128Pattern::I32x4(pattern) => all(bits, pattern, |lane, expected| lane as i32 == *expected),
        V128Pattern::I64x2(pattern) => all(bits, pattern, |lane, expected| lane as i64 == *expected),
        V128Pattern::F32x4(pattern) => {
            all(bits, pattern, |lane, expected| matches_f32(lane as u32, expected))
        }
        V128Pattern::F64x2(pattern) => all(bits, pattern, matches_f64),
    }
}

/// A vector's lanes, zero-extended.
fn lanes<const N: usize>(bits: u128) -> [u64; N] {
    let width = 128 / N;
    std::array::from_fn(|index| (bits >> (index * width) & (u128::MAX >> (128 - width))) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wast::parser::{ParseBuffer, parse};

    /// What is said of a result that a script expects otherwise; nothing, if it is as expected.
    fn said(value: Val, expected: &str) -> String {
        let buffer = ParseBuffer::new(expected).expect("tokens");
        let expected = parse::<InParens<'_>>(&buffer).expect("a result").0;
        check(value, &expected).err().unwrap_or_default()
    }

    struct InParens<'a>(WastRet<'a>);

    impl<'a> wast::parser::Parse<'a> for InParens<'a> {
        fn parse(parser: wast::parser::Parser<'a>) -> wast::parser::Result<Self> {
            parser.parens(|parser| parser.parse()).map(InParens)
        }
    }

    #[test]
    fn numbers_are_written_as_scripts_write_them() {
        let said_f32 = |value: f32, expected: &str| said(Val::F32(value.to_bits()), expected);
        assert_eq!(said_f32(0.1, "(f32.const 0.1)"), "");
        assert_eq!(
            said_f32(0.1, "(f32.const 0x1.99999cp-4)"),
            "(f32.const 0.1) instead of (f32.const 0.10000001)"
        );
        assert_eq!(
            said_f32(f32::MIN_POSITIVE, "(f32.const nan:arithmetic)"),
            "(f32.const 1.1754944e-38) instead of (f32.const nan:arithmetic)"
        );
        assert_eq!(
            said(Val::F32(0xff80_0001), "(f32.const -inf)"),
            "(f32.const -nan:0x1) instead of (f32.const -inf)"
        );
        assert_eq!(
            said(Val::F64(0x7ff8 << 48), "(f64.const -0.0)"),
            "(f64.const nan:0x8000000000000) instead of (f64.const -0.0)"
        );
        assert_eq!(
            said(Val::I64(5), "(i32.const 5)"),
            "(i64.const 5) instead of (i32.const 5)"
        );
        assert_eq!(
            said(Val::F32(0), "(f64.const 0)"),
            "(f32.const 0.0) instead of (f64.const 0.0)"
        );
    }

    #[test]
    fn vectors_are_written_in_the_shape_that_is_expected() {
        let vector = Val::V128(0xffff_ffff_8000_0000_7fc0_0000_3dcc_cccd);
        assert_eq!(
            said(vector, "(v128.const f32x4 0.1 nan:canonical 0 nan:arithmetic)"),
            "(v128.const f32x4 0.1 nan:0x400000 -0.0 -nan:0x7fffff) instead of \
             (v128.const f32x4 0.1 nan:canonical 0.0 nan:arithmetic)"
        );
        assert_eq!(
            said(vector, "(v128.const f32x4 0.1 nan:canonical -0 nan:arithmetic)"),
            ""
        );
        assert_eq!(
            said(vector, "(v128.const i32x4 1036831949 2143289344 -2147483648 0)"),
            "(v128.const i32x4 1036831949 2143289344 -2147483648 -1) instead of \
             (v128.const i32x4 1036831949 2143289344 -2147483648 0)"
        );
        assert_eq!(
            said(
                Val::V128(u128::MAX - 1),
                "(v128.const i8x16 0xff 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0)"
            ),
            "(v128.const i8x16 -2 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1) instead of \
             (v128.const i8x16 -1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0)"
        );
        assert_eq!(
            said(Val::V128(1), "(v128.const i16x8 1 0 0 0 0 0 0 0x8000)"),
            "(v128.const i16x8 1 0 0 0 0 0 0 0) instead of (v128.const i16x8 1 0 0 0 0 0 0 -32768)"
        );
        assert_eq!(
            said(
                Val::V128(1),
                "(either (v128.const i64x2 0 0) (v128.const f64x2 nan:canonical 1))"
            ),
            "(v128.const i64x2 1 0) instead of (v128.const i64x2 0 0) or (v128.const f64x2 nan:canonical 1.0)"
        );
        assert_eq!(
            said(Val::V128(1), "(i32.const 1)"),
            "(v128.const i32x4 0x00000001 0x00000000 0x00000000 0x00000000) instead of (i32.const 1)"
        );
    }

    #[test]
    fn null_is_told_apart_by_what_it_would_refer_to() {
        let nulls = [
            (Val::FuncRef(0), ["func", "nofunc"].as_slice()),
            (Val::ExternRef(0), &["extern", "noextern"]),
            (Val::ExnRef(0), &["exn", "noexn"]),
        ];
        for (value, own) in nulls {
            assert_eq!(said(value, "(ref.null)"), "");
            for (_, types) in nulls {
                for ty in types {
                    let found = written(&[value]);
                    let other = format!("{found} instead of (ref.null {ty})");
                    let expected = if own.contains(ty) { "" } else { &other };
                    assert_eq!(said(value, &format!("(ref.null {ty})")), expected);
                }
            }
            let found = written(&[value]);
            let other = format!("{found} instead of (ref.null any)");
            assert_eq!(said(value, "(ref.null any)"), other);
        }
    }

    #[test]
    fn references_are_written_as_scripts_write_them() {
        assert_eq!(said(Val::FuncRef(8), "(ref.func)"), "");
        assert_eq!(said(Val::ExternRef(8), "(ref.extern 7)"), "");
        assert_eq!(
            said(Val::ExnRef(8), "(ref.null exn)"),
            "(ref.exn) instead of (ref.null exn)"
        );
        assert_eq!(
            said(Val::ExternRef(8), "(ref.struct)"),
            "(ref.extern 7) instead of (ref.struct)"
        );
        assert_eq!(
            said(Val::FuncRef(8), "(ref.func $f)"),
            "(ref.func) instead of (ref.func $f): functions are not told apart"
        );
    }
}
