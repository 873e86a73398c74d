//! What a person is told of a module that is refused: the validator's words and the function they are about, or the
//! proposal that would have made it valid.
//!
//! The bytes are read again, for only here it is known that they are broken.
//!
//! Must not know: valid modules.

use super::text;
use crate::error::Error;
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef, Validator, WasmFeatures};

/// Where the validator has words of its own: their beginning, and the words of the spec's test suite.
const WORDS: [(&str, &str); 10] = [
    (
        "memory size must be at most 0x10000 65536-byte pages",
        "memory size must be at most 65536 pages (4GiB)",
    ),
    ("section out of order", "unexpected content after last section"),
    ("malformed global flags", "malformed mutability"),
    ("malformed memop", "malformed memop flags"),
    ("invalid memop alignment", "malformed memop flags"),
    (
        "invalid leading byte (0x80) for external kind",
        "malformed import kind",
    ),
    (
        "invalid leading byte (0x5) for external kind",
        "malformed import kind",
    ),
    (
        "function section ",
        "function and code section have inconsistent lengths",
    ),
    (
        "data count is ",
        "data count and data section have inconsistent lengths",
    ),
    ("control frames remain at end of function", "END opcode expected"),
];

/// The validator's words, after the spec's if those are others.
fn in_the_words_of_the_spec(message: &str) -> String {
    match WORDS.iter().find(|(own, _)| message.starts_with(own)) {
        Some((_, words)) => format!("{words}: {message}"),
        None => message.to_string(),
    }
}

/// The error for what the validator said.
pub(super) fn explain(bytes: &[u8], error: &wasmparser::Error) -> Error {
    let (message, offset) = (in_the_words_of_the_spec(error.message()), error.offset());
    let place = function_at(bytes, offset);
    if Validator::new_with_features(WasmFeatures::all())
        .validate_all(bytes)
        .is_err()
    {
        return Error::Invalid {
            message: match place {
                Some(function) => format!("{message}, in {function}"),
                None => message,
            },
            offset,
        };
    }
    let feature = error
        .missing_wasm_feature()
        .and_then(|features| features.iter_names().next())
        .map(|(name, _)| name.to_lowercase().replace('_', "-"));
    let operator = operator_named_at(bytes, offset);
    let what = match (operator, feature) {
        (Some(operator), Some(feature)) => format!("{operator} ({feature})"),
        (Some(operator), None) => format!("{operator}: {message}"),
        (None, Some(feature)) => format!("{feature}: {message}"),
        (None, None) => message,
    };
    let what = match place {
        Some(function) => format!("{what}, in {function}"),
        None => what,
    };
    Error::Unsupported { what, offset }
}

/// The operator of a function body that begins exactly at `offset`, by name.
fn operator_named_at(bytes: &[u8], offset: u64) -> Option<String> {
    for payload in Parser::new(0).parse_all(bytes) {
        let Payload::CodeSectionEntry(body) = payload.ok()? else {
            continue;
        };
        if !body.range().contains(&offset) {
            continue;
        }
        for item in body.get_operators_reader().ok()?.into_iter_with_offsets() {
            let (operator, at) = item.ok()?;
            if at == offset {
                return Some(text::operator_name(&operator));
            }
        }
        return None;
    }
    None
}

/// The function whose body holds `offset`: `func 3`, with its name if it has one. What cannot be read says nothing.
fn function_at(bytes: &[u8], offset: u64) -> Option<String> {
    let (mut next, mut found, mut name) = (0u32, None, None);
    for payload in Parser::new(0).parse_all(bytes) {
        // A broken module may end anywhere; what came before still tells.
        let Ok(payload) = payload else { break };
        match payload {
            Payload::ImportSection(imports) => {
                let functions = imports
                    .into_imports()
                    .flatten()
                    .filter(|import| matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
                next = next.saturating_add(u32::try_from(functions.count()).unwrap_or(u32::MAX));
            }
            Payload::CodeSectionEntry(body) => {
                // An error of the end of a body stands right behind it.
                let range = body.range();
                if range.contains(&offset) || (range.end == offset && found.is_none()) {
                    found = Some(next);
                }
                next = next.saturating_add(1);
            }
            Payload::CustomSection(section) => {
                if let (Some(func), KnownCustom::Name(names)) = (found, section.as_known()) {
                    name = name_of(names, func);
                }
            }
            _ => {}
        }
    }
    let func = found?;
    Some(match name {
        Some(name) => format!("func {func} ({name})"),
        None => format!("func {func}"),
    })
}

fn name_of(names: wasmparser::NameSectionReader<'_>, func: u32) -> Option<String> {
    let maps = names.into_iter().flatten();
    let functions = maps.filter_map(|names| match names {
        Name::Function(map) => Some(map),
        _ => None,
    });
    let mut named = functions.flat_map(|map| map.into_iter().flatten());
    named
        .find(|naming| naming.index == func)
        .map(|naming| naming.name.to_string())
}

#[cfg(test)]
mod tests {
    use crate::error::Error;
    use crate::module::{Features, SpecVersion, decode, decode_with};

    #[test]
    fn the_function_is_named_after_the_imports() {
        let text = r#"(module
            (import "host" "f" (func)) (import "host" "m" (memory 1))
            (func $fine) (func $broken (result i32) i64.const 1) (func (result f32)))"#;
        let bytes = wat::parse_str(text).expect("text");
        let error = decode(bytes.into()).expect_err("of another type");
        let words = "type mismatch: expected i32, found i64, in func 2 (broken) (at offset 0x";
        assert!(error.to_string().starts_with(words), "{error}");

        let bytes = wat::parse_str("(module (func) (func drop))").expect("text");
        let error = decode(bytes.into()).expect_err("nothing to drop");
        assert!(error.to_string().contains(", in func 1 (at offset 0x"), "{error}");

        let bytes = wat::parse_str("(module (memory 65537))").expect("text");
        let error = decode(bytes.into()).expect_err("too large");
        let words = "memory size must be at most 65536 pages (4GiB): memory size ";
        assert!(error.to_string().starts_with(words), "{error}");

        let bytes = wat::parse_str("(module (func $lanes (drop (v128.const i64x2 1 2))))").expect("text");
        let error = decode_with(bytes.into(), Features::of(SpecVersion::V1)).expect_err("no vectors");
        assert!(matches!(&error, Error::Unsupported { .. }));
        assert!(
            error.to_string().contains("v128.const (simd), in func 0 (lanes)"),
            "{error}"
        );
    }
}
