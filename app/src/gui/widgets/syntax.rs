//! Colours for code, a line at a time: keywords, types, strings, numbers, comments. Cheap and forgiving: it
//! tokenizes, it does not parse.

use super::syntax_wat;
use crate::gui::theme::{self, Tokens};
use egui::Color32;
use egui::text::{LayoutJob, TextFormat};
use stepwell_debuginfo::Language;

const C_KEYWORDS: &[&str] = &[
    "alignas",
    "asm",
    "auto",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "constexpr",
    "continue",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "explicit",
    "extern",
    "false",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "namespace",
    "new",
    "noexcept",
    "nullptr",
    "NULL",
    "operator",
    "override",
    "private",
    "protected",
    "public",
    "register",
    "restrict",
    "return",
    "sizeof",
    "static",
    "struct",
    "switch",
    "template",
    "this",
    "throw",
    "true",
    "try",
    "typedef",
    "typename",
    "union",
    "using",
    "virtual",
    "volatile",
    "while",
];
const C_TYPES: &[&str] = &[
    "bool",
    "char",
    "double",
    "float",
    "int",
    "long",
    "short",
    "signed",
    "unsigned",
    "void",
    "size_t",
    "ssize_t",
    "ptrdiff_t",
    "intptr_t",
    "uintptr_t",
    "int8_t",
    "int16_t",
    "int32_t",
    "int64_t",
    "uint8_t",
    "uint16_t",
    "uint32_t",
    "uint64_t",
    "wchar_t",
    "FILE",
];
const RUST_KEYWORDS: &[&str] = &[
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern", "false",
    "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return",
    "self", "static", "struct", "super", "trait", "true", "type", "unsafe", "use", "where", "while",
];
const RUST_TYPES: &[&str] = &[
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16", "u32",
    "u64", "u128", "usize", "Self",
];
const ZIG_KEYWORDS: &[&str] = &[
    "align",
    "and",
    "anytype",
    "asm",
    "break",
    "catch",
    "comptime",
    "const",
    "continue",
    "defer",
    "else",
    "enum",
    "errdefer",
    "error",
    "export",
    "extern",
    "false",
    "fn",
    "for",
    "if",
    "inline",
    "null",
    "or",
    "orelse",
    "packed",
    "pub",
    "return",
    "struct",
    "switch",
    "test",
    "true",
    "try",
    "undefined",
    "union",
    "unreachable",
    "var",
    "volatile",
    "while",
];
const ZIG_TYPES: &[&str] = &[
    "anyerror", "bool", "f16", "f32", "f64", "i8", "i16", "i32", "i64", "isize", "noreturn", "type", "u8",
    "u16", "u32", "u64", "usize", "void",
];

/// What a stretch of code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Keyword,
    Type,
    Text,
    Number,
    Comment,
    Call,
    Attribute,
}

impl Kind {
    fn color(self, t: &Tokens) -> Color32 {
        match self {
            Kind::Plain => t.text,
            Kind::Keyword => t.keyword,
            Kind::Type => t.type_name,
            Kind::Text => t.string,
            Kind::Number => t.number,
            Kind::Comment => t.comment,
            Kind::Call => t.function,
            Kind::Attribute => t.attribute,
        }
    }
}

/// For each line, whether it begins inside a block comment.
pub fn comment_starts(lines: &[String], language: Language) -> Vec<bool> {
    let mut inside = false;
    let mut starts = Vec::with_capacity(lines.len());
    for text in lines {
        starts.push(inside);
        cut(text, language, &mut inside, |_, _| {});
    }
    starts
}

/// A line in colours. `inside` says whether it begins inside a block comment.
pub fn highlight(text: &str, language: Language, inside: bool, t: &Tokens) -> LayoutJob {
    let mut job = LayoutJob::default();
    let mut inside = inside;
    let mut column = 0usize;
    cut(text, language, &mut inside, |piece, kind| {
        let clean = visible(piece, &mut column);
        append(&mut job, &clean, kind.color(t));
    });
    job.wrap.max_rows = 1;
    job
}

/// Tabs as spaces up to the next column of four, other control characters as a middle dot.
pub fn visible(text: &str, column: &mut usize) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => {
                let fill = 4 - *column % 4;
                clean.extend(std::iter::repeat_n(' ', fill));
                *column += fill;
                continue;
            }
            c if c.is_control() => clean.push('·'),
            c => clean.push(c),
        }
        *column += 1;
    }
    clean
}

fn append(job: &mut LayoutJob, text: &str, color: Color32) {
    job.append(text, 0.0, TextFormat::simple(theme::code_font(), color));
}

/// Adds a remark at the end of a line.
pub fn note(job: &mut LayoutJob, text: &str, t: &Tokens) {
    append(job, "    ", t.comment);
    let mut column = 0;
    append(job, &visible(text, &mut column), t.changed.gamma_multiply(0.85));
}

/// A row of wasm text in colours: instruction, then operands.
pub fn highlight_wasm(text: &str, indent: u32, t: &Tokens) -> LayoutJob {
    let mut job = LayoutJob::default();
    let depth = usize::try_from(indent).unwrap_or_default().min(40);
    append(&mut job, &"  ".repeat(depth), t.text);
    let mut column = 0;
    let clean = visible(text, &mut column);
    if clean.starts_with("(;") || clean.starts_with(";;") {
        append(&mut job, &clean, t.comment);
        return job;
    }
    for (index, word) in clean.split_inclusive(' ').enumerate() {
        let bare = word.trim_end().trim_start_matches('(').trim_end_matches(')');
        let color = if bare.starts_with('$') {
            t.function
        } else if bare.starts_with('"') {
            t.string
        } else if is_value_type(bare) {
            t.type_name
        } else if index == 0 {
            instruction_color(bare, t)
        } else if bare.starts_with(|c: char| c.is_ascii_digit() || c == '-')
            || bare.contains('=')
            || bare == "nan"
            || bare == "inf"
        {
            t.number
        } else {
            t.weak
        };
        append(&mut job, word, color);
    }
    job
}

/// A row of machine code in colours: mnemonic, registers, numbers.
pub fn highlight_native(text: &str, t: &Tokens) -> LayoutJob {
    let mut job = LayoutJob::default();
    let mut column = 0;
    let clean = visible(text, &mut column);
    for (index, word) in clean.split_inclusive([' ', ',', '[', '+', '*', '-']).enumerate() {
        let color = match word.chars().next() {
            _ if index == 0 => t.keyword,
            Some(first) if first.is_ascii_digit() => t.number,
            _ => t.text,
        };
        append(&mut job, word, color);
    }
    job
}

fn is_value_type(word: &str) -> bool {
    matches!(
        word,
        "i32" | "i64" | "f32" | "f64" | "v128" | "funcref" | "externref"
    )
}

fn instruction_color(word: &str, t: &Tokens) -> Color32 {
    match word {
        "block" | "loop" | "if" | "else" | "end" | "br" | "br_if" | "br_table" | "return" | "func"
        | "param" | "result" | "local" => t.keyword,
        "call" | "call_indirect" | "return_call" | "return_call_indirect" => t.attribute,
        "unreachable" => t.error,
        _ => t.text,
    }
}

/// Cuts a line into stretches of one kind; keeps `inside` (a block comment) up to date.
fn cut(text: &str, language: Language, inside: &mut bool, mut emit: impl FnMut(&str, Kind)) {
    let (keywords, types): (&[&str], &[&str]) = match language {
        Language::Rust => (RUST_KEYWORDS, RUST_TYPES),
        Language::Zig => (ZIG_KEYWORDS, ZIG_TYPES),
        Language::Wat => return syntax_wat::cut(text, inside, emit),
        Language::C | Language::Cpp | Language::Other => (C_KEYWORDS, C_TYPES),
    };
    let mut rest = text;
    let head = text.trim_start();
    let c_like = matches!(language, Language::C | Language::Cpp | Language::Other);
    if !*inside && c_like && head.starts_with('#') {
        // The directive; what follows (a path, a number) is cut as usual.
        let lead = text.len() - head.len();
        let word = head
            .get(1..)
            .and_then(|after| after.find(|c: char| !c.is_alphanumeric() && c != ' '))
            .map_or(head.len(), |at| at + 1);
        let (directive, after) = rest.split_at(lead + word);
        emit(directive, Kind::Attribute);
        rest = after;
        if let Some(open) = rest.strip_prefix('<') {
            let len = open.find('>').map_or(rest.len(), |at| at + 2);
            let (path, after) = rest.split_at(len);
            emit(path, Kind::Text);
            rest = after;
        }
    }
    while !rest.is_empty() {
        if *inside {
            let len = rest.find("*/").map(|at| at + 2);
            *inside = len.is_none();
            let (comment, after) = rest.split_at(len.unwrap_or(rest.len()));
            emit(comment, Kind::Comment);
            rest = after;
            continue;
        }
        if rest.starts_with("//") {
            emit(rest, Kind::Comment);
            return;
        }
        if rest.starts_with("/*") {
            *inside = true;
            emit("/*", Kind::Comment);
            rest = rest.get(2..).unwrap_or_default();
            continue;
        }
        let Some(first) = rest.chars().next() else {
            return;
        };
        let (len, kind) = if first == '"' {
            (quoted_len(rest, '"'), Kind::Text)
        } else if first == '\'' {
            char_len(rest)
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '.' && c != '_');
            (end.unwrap_or(rest.len()), Kind::Number)
        } else if first.is_alphabetic() || first == '_' || first == '@' {
            let end = rest
                .char_indices()
                .find(|(at, c)| *at > 0 && !c.is_alphanumeric() && *c != '_')
                .map_or(rest.len(), |(at, _)| at);
            let (word, after) = rest.split_at(end);
            let kind = if keywords.contains(&word) {
                Kind::Keyword
            } else if types.contains(&word) || word.ends_with("_t") {
                Kind::Type
            } else if after.starts_with('(') || after.starts_with("!(") {
                Kind::Call
            } else {
                Kind::Plain
            };
            (end, kind)
        } else {
            let end = rest
                .char_indices()
                .find(|(at, c)| *at > 0 && (c.is_alphanumeric() || matches!(c, '_' | '"' | '\'' | '/' | '@')))
                .map_or(rest.len(), |(at, _)| at);
            (end, Kind::Plain)
        };
        let (piece, after) = rest.split_at(len);
        emit(piece, kind);
        rest = after;
    }
}

/// Length of a quoted stretch, its quotes included.
pub(super) fn quoted_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == quote {
            return at + character.len_utf8();
        }
    }
    text.len()
}

/// A character literal, or (in Rust) a lifetime, or a lone quote.
fn char_len(text: &str) -> (usize, Kind) {
    let len = quoted_len(text, '\'');
    let body = text.get(..len).unwrap_or_default();
    if body.len() > 1 && body.ends_with('\'') && body.chars().count() <= 8 {
        (len, Kind::Text)
    } else {
        (1, Kind::Plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str, language: Language) -> Vec<(String, Kind)> {
        let mut out = Vec::new();
        cut(text, language, &mut false, |piece, kind| {
            if kind != Kind::Plain {
                out.push((piece.to_owned(), kind));
            }
        });
        out
    }

    #[test]
    fn c_is_cut_into_its_parts() {
        let found = kinds(
            "static int f(char *s) { return g(\"a\\\"b\", 0x1f); } // end",
            Language::C,
        );
        let expected = [
            ("static", Kind::Keyword),
            ("int", Kind::Type),
            ("f", Kind::Call),
            ("char", Kind::Type),
            ("return", Kind::Keyword),
            ("g", Kind::Call),
            ("\"a\\\"b\"", Kind::Text),
            ("0x1f", Kind::Number),
            ("// end", Kind::Comment),
        ];
        let expected: Vec<_> = expected.map(|(text, kind)| (text.to_owned(), kind)).into();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_byte_comes_back_whatever_the_line() {
        for text in [
            "'",
            "\"",
            "/*",
            "#",
            "'a",
            "é'ü' /* ö",
            "\"\\",
            "@import(\"x\")",
            "a'b",
        ] {
            for language in [Language::C, Language::Rust, Language::Zig] {
                let mut all = String::new();
                cut(text, language, &mut false, |piece, _| all.push_str(piece));
                assert_eq!(all, text);
            }
        }
    }

    #[test]
    fn block_comments_span_lines() {
        let lines = ["a /* b", "c", "d */ e", "f"].map(str::to_owned);
        assert_eq!(comment_starts(&lines, Language::C), [false, true, true, false]);
    }
}
