//! The constants of Rust's number types, which no debug information holds: `u8::MAX`, `f64::EPSILON`.
//!
//! Must not know: frames, the live guest.

use super::number::{Number, Scalar};
use super::types::{Ty, builtin};
use crate::Language;

/// A constant by path: its value and the name of its type.
pub(super) fn of_path(path: &str, address_size: u64) -> Option<(Number, &'static str)> {
    let path = path
        .strip_prefix("std::")
        .or(path.strip_prefix("core::"))
        .unwrap_or(path);
    let (ty, name) = path.split_once("::")?;
    let Ty::Scalar(scalar, ty) = builtin(ty, Language::Rust, address_size)?? else {
        return None;
    };
    // `char` and `bool` are no numbers, `int` and `double` none of Rust's.
    let width = ty.strip_prefix(['i', 'u', 'f'])?;
    if width != "size" && !width.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let of_type = |number| Some((number, ty));
    if scalar.is_float() {
        let single = scalar.width == 32;
        let pick = |f32: f32, f64: f64| if single { f64::from(f32) } else { f64 };
        let value = match name {
            "MAX" => pick(f32::MAX, f64::MAX),
            "MIN" => pick(f32::MIN, f64::MIN),
            "MIN_POSITIVE" => pick(f32::MIN_POSITIVE, f64::MIN_POSITIVE),
            "EPSILON" => pick(f32::EPSILON, f64::EPSILON),
            "INFINITY" => f64::INFINITY,
            "NEG_INFINITY" => f64::NEG_INFINITY,
            "NAN" => f64::NAN,
            _ => return None,
        };
        return of_type(Number::float(scalar, value));
    }
    let all = u128::MAX.checked_shr(128u32.checked_sub(scalar.width)?)?;
    match name {
        "MAX" if scalar.is_signed() => of_type(Number::new(scalar, all >> 1)),
        "MAX" => of_type(Number::new(scalar, all)),
        "MIN" if scalar.is_signed() => of_type(Number::new(scalar, all ^ all >> 1)),
        "MIN" => of_type(Number::new(scalar, 0)),
        "BITS" => Some((Number::new(Scalar::unsigned(32), u128::from(scalar.width)), "u32")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_those_of_rust() {
        let text = |path| of_path(path, 4).map(|(number, ty)| format!("{}: {ty}", number.text()));
        for (path, expected) in [
            ("i32::MAX", "2147483647: i32"),
            ("i8::MIN", "-128: i8"),
            ("u64::MAX", "18446744073709551615: u64"),
            ("i128::MIN", "-170141183460469231731687303715884105728: i128"),
            ("std::u16::MAX", "65535: u16"),
            ("usize::MAX", "4294967295: usize"),
            ("isize::BITS", "32: u32"),
        ] {
            assert_eq!(text(path).as_deref(), Some(expected), "{path}");
        }
        assert_eq!(
            of_path("f32::MAX", 4).map(|(number, _)| number.as_float()),
            Some(f64::from(f32::MAX))
        );
        assert!(of_path("f64::NAN", 4).is_some_and(|(number, _)| number.as_float().is_nan()));
        for path in [
            "MAX",
            "char::MAX",
            "bool::MAX",
            "i32::max",
            "Point::MAX",
            "double::MAX",
        ] {
            assert_eq!(text(path), None, "{path}");
        }
    }
}
