//! From the text format (WebAssembly spec, section 6) to a binary module that can be debugged in its text.
//!
//! # Invariants
//! - The module has a `name` section and a DWARF line table: a row an instruction, which points to the line of the text
//!   that it was written in. Locals go by their names in the `name` section.
//! - What comes out is not validated; that is [`decode`](super::decode)'s.
//!
//! Must not know: files beyond their path.

use crate::error::Error;
use std::path::Path;
use wast::Wat;
use wast::core::{EncodeOptions, GenerateDwarf};
use wast::lexer::Lexer;
use wast::parser::{ParseBuffer, parse};

/// Whether these bytes can only be meant as text: they begin, after spaces and comments, with a parenthesis.
pub fn is_text(bytes: &[u8]) -> bool {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'(' | b';')) && std::str::from_utf8(bytes).is_ok()
}

/// The binary module of a text; `file` is the path that its debug info names, best an absolute one.
///
/// # Errors
/// [`Error::Text`] with line and column, counted from 1.
pub fn assemble(text: &str, file: &Path) -> Result<Vec<u8>, Error> {
    let failed = |error: wast::Error| {
        let (line, column) = error.span().linecol_in(text);
        Error::Text {
            message: error.message(),
            line: line + 1,
            column: column + 1,
        }
    };
    // Unusual characters are reported by the lexer as an attack on the reader's eyes; in strings of tests they are usual.
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let mut buffer = ParseBuffer::new_with_lexer(lexer).map_err(failed)?;
    buffer.track_instr_spans(true);
    let mut module = parse::<Wat<'_>>(&buffer).map_err(failed)?;
    if matches!(module, Wat::Component(_)) {
        let (line, column) = module.span().linecol_in(text);
        return Err(Error::Text {
            message: "this is a WebAssembly component, which is not supported; only core modules are"
                .to_string(),
            line: line + 1,
            column: column + 1,
        });
    }
    EncodeOptions::new()
        .dwarf(file, text, GenerateDwarf::Lines)
        .encode_wat(&mut module)
        .map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::decode;

    const TEXT: &str = ";; a comment\n(module\n  (func $twice (export \"twice\") (param $n i32) (result i32)\n    local.get $n\n    i32.const 2\n    i32.mul))\n";

    #[test]
    fn a_text_becomes_a_module_with_debug_info() {
        assert!(is_text(TEXT.as_bytes()));
        let bytes = assemble(TEXT, Path::new("/guests/twice.wat")).expect("text");
        let module = decode(bytes.as_slice().into()).expect("valid");
        assert!(module.export("twice").is_some());
        let has = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
        assert!(has(b".debug_line") && has(b"/guests"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let error =
            assemble("(module\n  (func local.get $gone))", Path::new("a.wat")).expect_err("no such local");
        assert_eq!(
            error.to_string(),
            "unknown local: failed to find name `$gone` (at line 2, column 19)"
        );
        let error = assemble("\n (component)", Path::new("a.wat")).expect_err("a component");
        assert!(error.to_string().contains("component"), "{error}");
        assert!(!is_text(b"\0asm") && !is_text(b"") && !is_text(b"MZ("));
    }
}
