//! The text format of WebAssembly, cut into stretches of one kind for [`super::syntax`].

use super::syntax::{Kind, quoted_len};

const FIELDS: &[&str] = &[
    "module", "type", "func", "param", "result", "local", "global", "table", "memory", "elem", "data", "tag",
    "import", "export", "start", "mut", "ref", "null", "declare", "offset", "item", "rec", "sub", "final",
];

const CONTROL: &[&str] = &[
    "block",
    "loop",
    "if",
    "then",
    "else",
    "end",
    "br",
    "br_if",
    "br_table",
    "br_on_null",
    "br_on_non_null",
    "return",
    "try",
    "catch",
    "catch_all",
    "catch_ref",
    "catch_all_ref",
    "try_table",
    "throw",
    "throw_ref",
    "rethrow",
    "delegate",
    "unreachable",
    "do",
];

const CALLS: &[&str] = &[
    "call",
    "call_indirect",
    "call_ref",
    "return_call",
    "return_call_indirect",
    "return_call_ref",
];

const TYPES: &[&str] = &[
    "i32",
    "i64",
    "f32",
    "f64",
    "v128",
    "funcref",
    "externref",
    "exnref",
    "extern",
    "exn",
];

/// Cuts a line; keeps `inside` (a block comment) up to date.
pub(super) fn cut(text: &str, inside: &mut bool, mut emit: impl FnMut(&str, Kind)) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (len, kind) = if *inside || rest.starts_with("(;") {
            // Behind the opening, which `(;)` does not close.
            let from = if *inside { 0 } else { 2 };
            let end = rest.get(from..).and_then(|body| body.find(";)"));
            *inside = end.is_none();
            (end.map_or(rest.len(), |end| from + end + 2), Kind::Comment)
        } else if rest.starts_with(";;") {
            (rest.len(), Kind::Comment)
        } else if first == '"' {
            (quoted_len(rest, '"'), Kind::Text)
        } else if is_word(first) {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            (end, kind_of(rest.get(..end).unwrap_or_default()))
        } else {
            let end = rest
                .char_indices()
                .find(|&(at, c)| at > 0 && (is_word(c) || matches!(c, '"' | ';' | '(')));
            (end.map_or(rest.len(), |(at, _)| at), Kind::Plain)
        };
        let (piece, after) = rest.split_at(len);
        emit(piece, kind);
        rest = after;
    }
}

/// The characters of names, keywords and numbers (idchar).
fn is_word(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | '(' | ')' | ',' | ';' | '[' | ']' | '{' | '}')
}

fn kind_of(word: &str) -> Kind {
    let number = word.trim_start_matches(['+', '-']);
    let digits = number.starts_with(|c: char| c.is_ascii_digit());
    if word.starts_with('$') {
        Kind::Call
    } else if digits || matches!(number, "inf" | "nan") || word.contains('=') {
        Kind::Number
    } else if word.starts_with('@') || CALLS.contains(&word) {
        Kind::Attribute
    } else if TYPES.contains(&word) {
        Kind::Type
    } else if FIELDS.contains(&word) || CONTROL.contains(&word) {
        Kind::Keyword
    } else {
        Kind::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_into_its_parts_and_every_byte_comes_back() {
        let line = r#"(func $f (param i32) i32.load offset=4 (i32.const -1) call $g) ;; "x""#;
        let (mut found, mut all) = (Vec::new(), String::new());
        cut(line, &mut false, |piece, kind| {
            all.push_str(piece);
            if kind != Kind::Plain {
                found.push((piece.to_owned(), kind));
            }
        });
        let expected = [
            ("func", Kind::Keyword),
            ("$f", Kind::Call),
            ("param", Kind::Keyword),
            ("i32", Kind::Type),
            ("offset=4", Kind::Number),
            ("-1", Kind::Number),
            ("call", Kind::Attribute),
            ("$g", Kind::Call),
            (";; \"x\"", Kind::Comment),
        ];
        assert_eq!(found, expected.map(|(piece, kind)| (piece.to_owned(), kind)));
        assert_eq!(all, line);
        for odd in ["(;)", "\"", "é;", "(", ";", "(; a ;) b"] {
            let mut all = String::new();
            cut(odd, &mut false, |piece, _| all.push_str(piece));
            assert_eq!(all, odd);
        }
    }

    #[test]
    fn block_comments_span_lines() {
        let mut inside = false;
        cut("a (; b", &mut inside, |_, _| {});
        assert!(inside);
        cut("c ;) d", &mut inside, |_, _| {});
        assert!(!inside);
    }
}
