//! The types of results: those of the debug information, and those that need none.
//!
//! # Invariants
//! - One table names the built-in types; casts and results read the same one.
//!
//! Must not know: values, the live guest.

use super::number::{Kind, Scalar};
use crate::Language;
use crate::dwarf::DieId;
use crate::dwarf::types::{Shape, Type};
use std::sync::Arc;

/// A type of a result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ty {
    /// One of the debug information.
    Die(DieId),
    /// So many bits of a type of the debug information: a bit-field, or an enumerator of C, which is an `int`.
    Field(DieId, u32),
    /// A number, and what it is called.
    Scalar(Scalar, &'static str),
    /// A pointer; to nothing in particular if there is no target.
    Pointer(Option<Arc<Ty>>),
    /// So many elements one after the other.
    Array(Arc<Ty>, u64),
    /// Part of an array with several dimensions, of which so many are used up.
    Row { array: DieId, from: usize },
}

/// What can be done with a type.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    Number(Scalar),
    Enum(Scalar),
    Pointer(Option<Ty>),
    /// Another name for what it refers to.
    Reference(Ty),
    Array {
        element: Ty,
        count: Option<u64>,
    },
    Record(Arc<Type>),
    Function,
    /// Nothing but to be shown.
    Other,
}

/// Built-in types: name in the language, name in results, type. `long` and what depends on the size of an
/// address is not here.
const BUILTIN: &[(&str, Scalar)] = &[
    ("i8", Scalar::signed(8)),
    ("i16", Scalar::signed(16)),
    ("i32", Scalar::signed(32)),
    ("i64", Scalar::signed(64)),
    ("i128", Scalar::signed(128)),
    ("u8", Scalar::unsigned(8)),
    ("u16", Scalar::unsigned(16)),
    ("u32", Scalar::unsigned(32)),
    ("u64", Scalar::unsigned(64)),
    ("u128", Scalar::unsigned(128)),
    ("f32", Scalar::float(32)),
    ("f64", Scalar::float(64)),
    ("bool", Scalar::BOOL),
    ("int8_t", Scalar::signed(8)),
    ("int16_t", Scalar::signed(16)),
    ("int32_t", Scalar::signed(32)),
    ("int64_t", Scalar::signed(64)),
    ("uint8_t", Scalar::unsigned(8)),
    ("uint16_t", Scalar::unsigned(16)),
    ("uint32_t", Scalar::unsigned(32)),
    ("uint64_t", Scalar::unsigned(64)),
];

/// What C calls its numbers: bits, whether signed, name, and name if it is a `long`.
const C_NAMES: &[(u32, bool, &str, &str)] = &[
    (8, true, "signed char", "signed char"),
    (8, false, "unsigned char", "unsigned char"),
    (16, true, "short", "short"),
    (16, false, "unsigned short", "unsigned short"),
    (32, true, "int", "long"),
    (32, false, "unsigned int", "unsigned long"),
    (64, true, "long long", "long"),
    (64, false, "unsigned long long", "unsigned long"),
    (128, true, "__int128", "__int128"),
    (128, false, "unsigned __int128", "unsigned __int128"),
];

/// The type of a number as the language calls it. A literal becomes the smallest usual type that holds `value`.
pub(crate) fn named(scalar: Scalar, language: Language) -> &'static str {
    let exact = matches!(language, Language::Rust | Language::Zig);
    match scalar.kind {
        Kind::Bool => return if language == Language::C { "_Bool" } else { "bool" },
        Kind::Char => return "char",
        Kind::Float | Kind::FloatLiteral if exact => {
            return if scalar.width == 32 { "f32" } else { "f64" };
        }
        Kind::Float | Kind::FloatLiteral => return if scalar.width == 32 { "float" } else { "double" },
        Kind::Literal | Kind::Signed | Kind::Unsigned => {}
    }
    let signed = scalar.kind != Kind::Unsigned;
    if exact {
        let of = if signed {
            Scalar::signed(scalar.width)
        } else {
            Scalar::unsigned(scalar.width)
        };
        let found = BUILTIN.iter().find(|(_, known)| *known == of);
        return found.map_or("integer", |(name, _)| name);
    }
    let found = C_NAMES
        .iter()
        .find(|(width, of, _, _)| *width == scalar.width && *of == signed);
    match found {
        Some((_, _, _, long)) if scalar.long => long,
        Some((_, _, name, _)) => name,
        None => "integer",
    }
}

/// A built-in type by name; `Some(None)` is `void`.
pub(crate) fn builtin(name: &str, language: Language, address_size: u64) -> Option<Option<Ty>> {
    let word = if address_size == 8 { 64 } else { 32 };
    let scalar = |scalar: Scalar, name: &'static str| Some(Some(Ty::Scalar(scalar, name)));
    match name {
        "void" | "anyopaque" => return Some(None),
        "usize" => return scalar(Scalar::unsigned(word), "usize"),
        "isize" => return scalar(Scalar::signed(word), "isize"),
        "size_t" => return scalar(Scalar::unsigned(word).long(), "size_t"),
        "ptrdiff_t" => return scalar(Scalar::signed(word).long(), "ptrdiff_t"),
        "intptr_t" => return scalar(Scalar::signed(word).long(), "intptr_t"),
        "uintptr_t" => return scalar(Scalar::unsigned(word).long(), "uintptr_t"),
        "char" if language == Language::Rust => return scalar(Scalar::CHAR, "char"),
        _ => {}
    }
    if let Some((name, of)) = BUILTIN.iter().find(|(known, _)| *known == name) {
        return scalar(*of, name);
    }
    c_words(name, word).map(|(of, name)| Some(Ty::Scalar(of, name)))
}

/// A type of C by its words, in any order.
fn c_words(name: &str, long_width: u32) -> Option<(Scalar, &'static str)> {
    let count = |word: &str| name.split(' ').filter(|of| *of == word).count();
    let known = [
        "char", "short", "int", "long", "float", "double", "signed", "unsigned", "_Bool", "__int128",
    ];
    if name.split(' ').any(|word| !known.contains(&word)) {
        return None;
    }
    let (longs, unsigned) = (count("long"), count("unsigned") > 0);
    if unsigned && count("signed") > 0 || longs > 2 {
        return None;
    }
    if count("_Bool") > 0 {
        return (name == "_Bool").then_some((Scalar::BOOL, "_Bool"));
    }
    match (count("float"), count("double")) {
        (0, 0) => {}
        (1, 0) => return (name == "float").then_some((Scalar::float(32), "float")),
        (0, 1) if name == "double" => return Some((Scalar::DOUBLE, "double")),
        (0, 1) if longs == 1 => return Some((Scalar::float(128), "long double")),
        _ => return None,
    }
    let width = match (count("char"), count("short"), longs, count("__int128")) {
        (1, 0, 0, 0) if name == "char" => return Some((Scalar::signed(8), "char")),
        (1, 0, 0, 0) => 8,
        (0, 1, 0, 0) => 16,
        (0, 0, 0, 0) => 32,
        (0, 0, 1, 0) => long_width,
        (0, 0, 2, 0) => 64,
        (0, 0, 0, 1) => 128,
        _ => return None,
    };
    let scalar = if unsigned {
        Scalar::unsigned(width)
    } else {
        Scalar::signed(width)
    };
    let scalar = if longs == 1 { scalar.long() } else { scalar };
    Some((scalar, named(scalar, Language::C)))
}

/// The number that a base type holds; `None` if it holds none that is known.
pub(crate) fn scalar_of(ty: &Type) -> Option<Scalar> {
    let Shape::Base { encoding } = ty.shape else {
        return None;
    };
    let size = ty.size.filter(|size| (1..=16).contains(size))?;
    let name = ty.name.as_deref().unwrap_or("");
    let bits = u32::try_from(size.saturating_mul(8)).ok()?;
    let kind = match encoding {
        gimli::DW_ATE_boolean => Kind::Bool,
        gimli::DW_ATE_signed | gimli::DW_ATE_signed_char => Kind::Signed,
        gimli::DW_ATE_unsigned | gimli::DW_ATE_unsigned_char | gimli::DW_ATE_address => Kind::Unsigned,
        gimli::DW_ATE_UTF if ty.language == Language::Rust => Kind::Char,
        gimli::DW_ATE_UTF => Kind::Unsigned,
        gimli::DW_ATE_float => Kind::Float,
        _ => return None,
    };
    // Integers of Zig have any number of bits (`u7`), and say so in their name.
    let told = name
        .strip_prefix(['i', 'u'])
        .and_then(|digits| digits.parse().ok());
    let width = match kind {
        Kind::Bool => bits,
        Kind::Signed | Kind::Unsigned if ty.language == Language::Zig => {
            told.filter(|&told| told > 0 && told <= bits).unwrap_or(bits)
        }
        _ => bits,
    };
    let c_like = !matches!(ty.language, Language::Rust | Language::Zig);
    Some(Scalar {
        kind,
        width,
        size,
        long: c_like && name.split(' ').filter(|word| *word == "long").count() == 1 && kind != Kind::Float,
    })
}

/// How a base type of these bits is encoded in debug information.
pub(crate) fn encoding_of(scalar: Scalar, name: &str) -> gimli::DwAte {
    let byte = scalar.width == 8 && name.ends_with("char");
    match scalar.kind {
        Kind::Bool => gimli::DW_ATE_boolean,
        Kind::Char => gimli::DW_ATE_UTF,
        Kind::Float | Kind::FloatLiteral => gimli::DW_ATE_float,
        Kind::Signed if byte => gimli::DW_ATE_signed_char,
        Kind::Unsigned if byte => gimli::DW_ATE_unsigned_char,
        Kind::Signed | Kind::Literal => gimli::DW_ATE_signed,
        Kind::Unsigned => gimli::DW_ATE_unsigned,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ty(name: &str, language: Language) -> Option<(Scalar, &'static str)> {
        match builtin(name, language, 4) {
            Some(Some(Ty::Scalar(scalar, name))) => Some((scalar, name)),
            _ => None,
        }
    }

    #[test]
    fn words_of_c_in_any_order() {
        for (words, name, width) in [
            ("unsigned", "unsigned int", 32),
            ("unsigned char", "unsigned char", 8),
            ("char", "char", 8),
            ("long", "long", 32),
            ("long int", "long", 32),
            ("int long unsigned", "unsigned long", 32),
            ("long long", "long long", 64),
            ("unsigned long long int", "unsigned long long", 64),
            ("short int", "short", 16),
            ("signed char", "signed char", 8),
            ("double", "double", 64),
            ("long double", "long double", 128),
            ("uint8_t", "uint8_t", 8),
        ] {
            let (scalar, found) = ty(words, Language::C).unwrap_or_else(|| panic!("{words}"));
            assert_eq!((found, scalar.width), (name, width), "{words}");
        }
        for words in [
            "unsigned float",
            "long long long",
            "short char",
            "node",
            "signed unsigned",
            "long float",
        ] {
            assert_eq!(ty(words, Language::C), None, "{words}");
        }
        assert!(matches!(builtin("void", Language::C, 4), Some(None)));
        assert_eq!(ty("long", Language::C).unwrap().0.width, 32);
        assert!(
            matches!(builtin("long", Language::C, 8), Some(Some(Ty::Scalar(s, "long"))) if s.width == 64)
        );
    }

    #[test]
    fn names_of_results() {
        assert_eq!(named(Scalar::unsigned(32).long(), Language::C), "unsigned long");
        assert_eq!(named(Scalar::unsigned(32), Language::Rust), "u32");
        assert_eq!(named(Scalar::BOOL, Language::Cpp), "bool");
        assert_eq!(named(Scalar::DOUBLE, Language::Zig), "f64");
        assert_eq!(ty("char", Language::Rust).unwrap().0.kind, Kind::Char);
    }
}
