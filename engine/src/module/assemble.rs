//! From the text format (WebAssembly spec, section 6) to a binary module that can be debugged in its text.
//!
//! # Invariants
//! - The module has a `name` section and a DWARF line table: a row an instruction, which points to the line of the text
//!   that it was written in. Locals go by their names in the `name` section.
//! - The time it takes grows with the text. Columns behind 65535 are all given as 65536, which is more than a row of a
//!   line table that was read can hold; and a text whose folded instructions lead to and fro over too many lines has
//!   no line table.
//! - What comes out is not validated; that is [`decode`](super::decode)'s.
//!
//! Must not know: files beyond their path.

use crate::error::Error;
use std::path::Path;
use wast::Wat;
use wast::core::{EncodeOptions, FuncKind, GenerateDwarf, Module, ModuleField, ModuleKind};
use wast::lexer::Lexer;
use wast::parser::{ParseBuffer, parse};
use wast::token::Span;

/// What is told apart of the columns of a line, from 0.
const COLUMN_LIMIT: usize = u16::MAX as usize;
/// How many lines the writer of the line table may pass on its way from instruction to instruction.
const PASSED_LIMIT: usize = 100_000_000;

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
    let mut module = match parse::<Wat<'_>>(&buffer).map_err(failed)? {
        Wat::Module(module) => module,
        component @ Wat::Component(_) => {
            let (line, column) = component.span().linecol_in(text);
            return Err(Error::Text {
                message: "this is a WebAssembly component, which is not supported; only core modules are"
                    .to_string(),
                line: line + 1,
                column: column + 1,
            });
        }
    };
    let lines = Lines::of(text);
    let mut options = EncodeOptions::new();
    if lines.place(&mut module) <= PASSED_LIMIT {
        options.dwarf(file, &lines.blank, GenerateDwarf::Lines);
    }
    options.encode_module(&mut module).map_err(failed)
}

/// The lines of a text as the writer of the line table sees them: blank, and none much longer than [`COLUMN_LIMIT`].
/// From each instruction it looks for the next end of a line; where a line is long, that would take as long.
struct Lines {
    blank: String,
    /// Where each begins: in the text, and among the blank ones.
    starts: Vec<(usize, usize)>,
}

impl Lines {
    fn of(text: &str) -> Lines {
        let (mut blank, mut starts, mut start) = (String::new(), Vec::new(), 0);
        for line in text.split_inclusive('\n') {
            starts.push((start, blank.len()));
            start += line.len();
            let len = line.strip_suffix('\n').unwrap_or(line).len();
            blank.extend(std::iter::repeat_n(' ', len.min(COLUMN_LIMIT + 1)));
            blank.extend(line.ends_with('\n').then_some('\n'));
        }
        Lines { blank, starts }
    }

    /// Places a module's functions and instructions on the blank lines; how many lines there are between them, one
    /// after the other, to and fro.
    fn place(&self, module: &mut Module<'_>) -> usize {
        let ModuleKind::Text(fields) = &mut module.kind else {
            return 0;
        };
        let (mut last, mut passed) = (0, 0usize);
        for field in fields {
            let ModuleField::Func(func) = field else { continue };
            let FuncKind::Inline { expression, .. } = &mut func.kind else {
                continue;
            };
            let instructions = expression.instr_spans.iter_mut().flatten();
            for span in std::iter::once(&mut func.span).chain(instructions) {
                let after = self.starts.partition_point(|(start, _)| *start <= span.offset());
                let line = after.saturating_sub(1);
                let (start, blank) = self.starts.get(line).copied().unwrap_or_default();
                *span = Span::from_offset(blank + span.offset().saturating_sub(start).min(COLUMN_LIMIT));
                passed = passed.saturating_add(line.abs_diff(last));
                last = line;
            }
        }
        passed
    }
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
