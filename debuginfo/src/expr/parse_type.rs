//! Types in the notation of any of the languages, and telling them from values: part of the parser.

use super::ast::{Tag, TypeKind, TypeName};
use super::error::wrong;
use super::lex::{Literal, Token};
use super::parse::{Parsed, Parser};
use crate::Language;

/// Words that begin a type of C.
pub(super) const TYPE_WORDS: &[&str] = &[
    "void", "bool", "_Bool", "char", "short", "int", "long", "float", "double", "signed", "unsigned",
    "__int128",
];
/// Words that a type may carry and that change nothing here.
const QUALIFIERS: &[&str] = &["const", "volatile", "restrict", "mut", "_Atomic"];

impl Parser<'_> {
    /// Whether a type stands `from` tokens ahead, where an expression could stand as well.
    pub(super) fn type_follows(&self, from: usize) -> bool {
        let of_all = self.language() == Language::Cpp && self.ahead(from) == Some(&Token::Sign("::"));
        let first = if of_all { from.saturating_add(1) } else { from };
        let Some(Token::Word(word)) = self.ahead(first) else {
            return false;
        };
        let next = self.ahead(from.saturating_add(1));
        // In other languages than C and C++ these may be variables.
        let c_like = !matches!(self.language(), Language::Rust | Language::Zig);
        if c_like && !of_all && TYPE_WORDS.contains(&word.as_str()) && next != Some(&Token::Sign("::")) {
            // `int(x)` is a value.
            return next != Some(&Token::Sign("("));
        }
        match word.as_str() {
            // Alone it is a name, such as C's `class`.
            "struct" | "union" | "enum" | "class" => return matches!(next, Some(Token::Word(_))),
            "const" | "volatile" => return true,
            _ => {}
        }
        let (name, len) = self.type_path(from);
        let next = self.ahead(from.saturating_add(len));
        next != Some(&Token::Sign("(")) && self.words.is_type(&name)
    }

    /// The path `from` tokens ahead with what stands in angle brackets behind it, and how many tokens it has.
    fn type_path(&self, from: usize) -> (String, usize) {
        let mut name = String::new();
        let mut len = 0usize;
        // C++'s `::T`
        if self.language() == Language::Cpp && self.ahead(from) == Some(&Token::Sign("::")) {
            name.push_str("::");
            len = 1;
        }
        loop {
            match self.ahead(from.saturating_add(len)) {
                Some(Token::Word(word)) => name.push_str(word),
                _ => return (name, len),
            }
            len = len.saturating_add(1);
            match self.ahead(from.saturating_add(len)) {
                Some(Token::Sign("::")) => {
                    name.push_str("::");
                    len = len.saturating_add(1);
                }
                // Zig's names of types have dots.
                Some(Token::Sign(".")) if self.language() == Language::Zig => {
                    name.push('.');
                    len = len.saturating_add(1);
                }
                Some(Token::Sign("<")) => {
                    if let Some((arguments, tokens)) = self.arguments(from.saturating_add(len)) {
                        name.push_str(&arguments);
                        len = len.saturating_add(tokens);
                        if self.ahead(from.saturating_add(len)) == Some(&Token::Sign("::")) {
                            name.push_str("::");
                            len = len.saturating_add(1);
                            continue;
                        }
                    }
                    return (name, len);
                }
                _ => return (name, len),
            }
        }
    }

    /// Balanced angle brackets `from` tokens ahead, without blanks; `None` if they are not closed.
    pub(super) fn arguments(&self, from: usize) -> Option<(String, usize)> {
        let mut text = String::new();
        let mut depth = 0usize;
        for len in 0.. {
            let placed = self.tokens.get(self.at.checked_add(from)?.checked_add(len)?)?;
            let words = text.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            match &placed.token {
                Token::Sign("<") => depth = depth.saturating_add(1),
                Token::Sign(">") => depth = depth.saturating_sub(1),
                // The second may belong to brackets around these.
                Token::Sign(">>") if depth == 1 => return Some((text + ">", len)),
                Token::Sign(">>") => depth = depth.saturating_sub(2),
                Token::Sign("(" | ")" | ";" | "&&" | "||" | "?" | "=") => return None,
                Token::Word(_) if words => text.push(' '),
                _ => {}
            }
            text.push_str(placed.span.of(self.text));
            if depth == 0 {
                return Some((text, len.saturating_add(1)));
            }
        }
        None
    }

    /// The `>` that ends arguments.
    pub(super) fn close_angle(&mut self) -> Parsed<()> {
        // The first half of a `>>` closed the arguments inside.
        if self.take(">>") {
            return Ok(());
        }
        self.expect(">")
    }

    /// Takes what a type may carry, and says whether `const` is among it.
    fn qualifiers(&mut self) -> bool {
        let mut constant = false;
        while let Some(Token::Word(word)) = self.peek()
            && QUALIFIERS.contains(&word.as_str())
        {
            constant |= word == "const";
            self.skip();
        }
        constant
    }

    /// A type in the notation of any of the languages.
    pub(super) fn type_name(&mut self) -> Parsed<TypeName> {
        let level = self.nested;
        let first = self.at;
        let mut ty = self.prefix_type()?;
        // Before a type and between its words.
        let taken = self.tokens.get(first..self.at).unwrap_or(&[]);
        let mut constant = taken
            .iter()
            .any(|placed| placed.token == Token::Word("const".to_string()));
        // What C writes behind.
        loop {
            constant |= self.qualifiers();
            let start = ty.span;
            let reference = self.language() == Language::Cpp;
            let kind = if reference && self.take("&&") {
                TypeKind::Reference(Box::new(ty), true)
            } else if reference && self.take("&") {
                TypeKind::Reference(Box::new(ty), constant)
            } else if self.take("*") || self.take("&") {
                TypeKind::Pointer(Box::new(ty))
            } else if self.sign_is("[") && matches!(self.ahead(1), Some(Token::Literal(_))) {
                self.skip();
                let count = self.count()?;
                self.expect("]")?;
                TypeKind::Array(Box::new(ty), count)
            } else {
                break;
            };
            self.nest()?;
            let span = start.to(self.before());
            ty = TypeName { kind, span };
            // It was that of what this is a pointer to.
            constant = false;
        }
        self.nested = level;
        Ok(ty)
    }

    /// A type whose stars and brackets stand before it.
    pub(super) fn prefix_type(&mut self) -> Parsed<TypeName> {
        self.nest()?;
        let start = self.here();
        self.qualifiers();
        let pointer = |ty: TypeName| TypeKind::Pointer(Box::new(ty));
        let kind = if self.take("*") || self.take("&") {
            self.qualifiers();
            pointer(self.prefix_type()?)
        } else if self.take("?") {
            // An optional pointer is as good as a pointer here.
            let inner = self.prefix_type()?;
            match inner.kind {
                TypeKind::Pointer(_) => inner.kind,
                _ => return wrong(start.to(inner.span), "only pointers can be optional in a cast"),
            }
        } else if self.take("[") {
            self.bracketed_type()?
        } else {
            self.plain_type()?
        };
        self.unnest();
        let span = start.to(self.before());
        Ok(TypeName { kind, span })
    }

    /// `[*]T`, `[*c]T`, `[T; n]`, `[n]T`, behind the bracket.
    fn bracketed_type(&mut self) -> Parsed<TypeKind> {
        if self.take("*") {
            self.take_word("c");
            self.expect("]")?;
            self.qualifiers();
            return Ok(TypeKind::Pointer(Box::new(self.prefix_type()?)));
        }
        if matches!(self.peek(), Some(Token::Literal(_))) {
            let count = self.count()?;
            self.expect("]")?;
            return Ok(TypeKind::Array(Box::new(self.prefix_type()?), count));
        }
        let element = self.prefix_type()?;
        self.expect(";")?;
        let count = self.count()?;
        self.expect("]")?;
        Ok(TypeKind::Array(Box::new(element), count))
    }

    fn count(&mut self) -> Parsed<u64> {
        let here = self.here();
        if let Some(Token::Literal(Literal::Int { value, .. })) = self.peek()
            && let Ok(count) = u64::try_from(*value)
        {
            self.skip();
            return Ok(count);
        }
        wrong(here, "the number of elements is missing")
    }

    fn plain_type(&mut self) -> Parsed<TypeKind> {
        let start = self.here();
        let of_all = self.language() == Language::Cpp && self.sign_is("::");
        let Some(Token::Word(word)) = self.ahead(usize::from(of_all)) else {
            return match self.peek() {
                None => wrong(start, "a type is missing at the end"),
                Some(_) => self.unexpected(),
            };
        };
        let tag = match word.as_str() {
            _ if of_all => None,
            "struct" | "class" => Some(Tag::Struct),
            "union" => Some(Tag::Union),
            "enum" => Some(Tag::Enum),
            _ => None,
        };
        if tag.is_some() {
            self.skip();
        } else if !of_all && TYPE_WORDS.contains(&word.as_str()) {
            let mut words: Vec<String> = Vec::new();
            while let Some(Token::Word(word)) = self.peek() {
                if TYPE_WORDS.contains(&word.as_str()) {
                    words.push(word.clone());
                } else if !QUALIFIERS.contains(&word.as_str()) {
                    break;
                }
                self.skip();
            }
            return Ok(TypeKind::Named(None, words.join(" ")));
        }
        let (name, len) = self.type_path(0);
        if len == 0 {
            return self.unexpected();
        }
        self.at = self.at.saturating_add(len);
        Ok(TypeKind::Named(tag, name))
    }
}
