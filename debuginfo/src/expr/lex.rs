//! From text to tokens: the literals and operators of C, C++, Rust and Zig side by side.
//!
//! # Invariants
//! - Every token knows its place; spans lie on character boundaries and ascend.
//! - The text, and so the number of tokens, is bounded.
//!
//! Must not know: grammar, types.

use super::error::{Failure, Span, wrong};
use crate::Language;

/// Longest expression in bytes.
const TEXT_LIMIT: usize = 4096;

/// A literal number: its digits and what follows them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    /// An integer; `suffix` in small letters.
    Int {
        value: u128,
        suffix: String,
        decimal: bool,
    },
    /// A number with a fraction or an exponent; `suffix` in small letters.
    Float { value: f64, suffix: String },
    /// A character's code, and what stood before the quote: `b` in Rust; `L`, `u8`, `u` or `U` in C and C++.
    Char { code: u32, prefix: &'static str },
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Literal(Literal),
    Text(Vec<u8>),
    /// A name, or a word of the language; `$local3` too.
    Word(String),
    /// A builtin of Zig, without its `@`.
    Builtin(String),
    /// An operator or a bracket.
    Sign(&'static str),
}

/// A token and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placed {
    pub token: Token,
    pub span: Span,
}

/// All operators, longest first. Those that change something are known so that they can be refused by name.
const SIGNS: &[&str] = &[
    "<<=", ">>=", "...", "..=", "->*", "<=>", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&",
    "||", "::", "..", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "=>", ".*", ".?", "+", "-", "*", "/",
    "%", "&", "|", "^", "~", "!", "<", ">", "=", "?", ":", ".", ",", ";", "(", ")", "[", "]", "{", "}", "#",
    "@",
];

/// Cuts a text into tokens.
pub(crate) fn lex(text: &str, language: Language) -> Result<Vec<Placed>, Failure> {
    if text.len() > TEXT_LIMIT {
        let end = Span { start: 0, end: 0 };
        return wrong(end, format!("the expression is longer than {TEXT_LIMIT} bytes"));
    }
    let mut lexer = Lexer {
        text,
        at: 0,
        language,
    };
    let mut tokens: Vec<Placed> = Vec::new();
    while lexer.skip_blanks() {
        let start = lexer.at;
        let token = lexer.token(tokens.last().map(|last| &last.token))?;
        let span = lexer.since(start);
        tokens.push(Placed { token, span });
    }
    Ok(tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    language: Language,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn c_like(&self) -> bool {
        !matches!(self.language, Language::Rust | Language::Zig)
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn since(&self, start: usize) -> Span {
        Span { start, end: self.at }
    }

    fn advance(&mut self, len: usize) {
        self.at = self.at.saturating_add(len);
    }

    /// Whether there is more than blanks.
    fn skip_blanks(&mut self) -> bool {
        let rest = self.rest();
        self.advance(rest.len().saturating_sub(rest.trim_start().len()));
        !self.rest().is_empty()
    }

    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let len = rest.find(|c: char| !fits(c)).unwrap_or(rest.len());
        self.advance(len);
        rest.get(..len).unwrap_or("")
    }

    fn token(&mut self, before: Option<&Token>) -> Result<Token, Failure> {
        let start = self.at;
        let rest = self.rest();
        let Some(first) = self.peek() else {
            return wrong(self.since(start), "the expression ends here");
        };
        // The digits behind a dot are a tuple's member, not the start of a float; nor is a dot behind a value.
        if before == Some(&Token::Sign(".")) && first.is_ascii_digit() {
            return Ok(Token::Word(self.take_while(|c| c.is_ascii_digit()).to_string()));
        }
        let behind_value = matches!(
            before,
            Some(Token::Word(_) | Token::Text(_) | Token::Literal(_) | Token::Sign(")" | "]" | ".*" | ".?"))
        );
        let fraction = !behind_value && rest.chars().nth(1).is_some_and(|c| c.is_ascii_digit());
        if first.is_ascii_digit() || first == '.' && fraction {
            return self.number().map(Token::Literal);
        }
        if first == '\'' {
            return self.character("");
        }
        if first == '"' {
            return self.string().map(Token::Text);
        }
        let prefixes: &[&'static str] = match self.language {
            Language::Rust => &["b", "c"],
            Language::Zig => &[],
            _ => &["L", "u8", "u", "U"],
        };
        for &prefix in prefixes {
            let Some(quoted) = rest.strip_prefix(prefix) else {
                continue;
            };
            if quoted.starts_with('\'') {
                self.advance(prefix.len());
                return self.character(prefix);
            }
            if quoted.starts_with('"') {
                self.advance(prefix.len());
                let text = self.string()?;
                return match prefix {
                    "L" | "u" | "U" => wrong(self.since(start), "only texts of bytes are known here"),
                    _ => Ok(Token::Text(text)),
                };
            }
        }
        if first == '@' {
            self.advance(1);
            if self.rest().starts_with('"') {
                // Zig's way to write any name.
                let name = self.string()?;
                return Ok(Token::Word(String::from_utf8_lossy(&name).into_owned()));
            }
            let name = self.take_while(in_name);
            return match name {
                "" => wrong(self.since(start), "'@' was not expected"),
                name => Ok(Token::Builtin(name.to_string())),
            };
        }
        if let Some(raw) = rest.strip_prefix("r#")
            && raw.starts_with(starts_name)
        {
            self.advance(2);
            return Ok(Token::Word(self.take_while(in_name).to_string()));
        }
        if starts_name(first) {
            return Ok(Token::Word(self.take_while(in_name).to_string()));
        }
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            self.advance(sign.len());
            return Ok(Token::Sign(sign));
        }
        self.advance(first.len_utf8());
        wrong(self.since(start), format!("'{first}' was not expected"))
    }

    fn number(&mut self) -> Result<Literal, Failure> {
        let start = self.at;
        let rest = self.rest();
        let lower = |c: char| c.to_ascii_lowercase();
        let mark = rest.chars().nth(1).map(lower);
        let radix = match (rest.starts_with('0'), mark) {
            (true, Some('x')) => 16,
            (true, Some('b')) => 2,
            (true, Some('o')) => 8,
            _ => 10,
        };
        if radix != 10 {
            self.advance(2);
        }
        let mut digits = self.digits(radix);
        let mut float = false;
        if radix == 10 {
            let after = self.rest().strip_prefix('.');
            // `1..4` is a slice, `1.max` no number.
            if after.is_some_and(|after| !after.starts_with('.') && !after.starts_with(starts_name))
                || after.is_some_and(|after| {
                    after.starts_with(['e', 'E', 'f', 'F', 'l', 'L']) && !digits.is_empty()
                })
            {
                self.advance(1);
                digits.push('.');
                digits.push_str(&self.digits(10));
                float = true;
            }
            if let Some(after) = self.rest().strip_prefix(['e', 'E']) {
                let sign = if after.starts_with(['+', '-']) { 1 } else { 0 };
                if after
                    .get(sign..)
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
                {
                    digits.push('e');
                    digits.push_str(after.get(..sign).unwrap_or(""));
                    self.advance(1 + sign);
                    digits.push_str(&self.digits(10));
                    float = true;
                }
            }
        }
        let power = match radix == 16 && self.language != Language::Rust {
            true => self.binary_power(&mut digits),
            false => None,
        };
        let suffix = self.take_while(in_name).to_ascii_lowercase();
        let span = self.since(start);
        let bad = || Failure::Wrong(span, format!("'{}' is not a number", span.of(self.text)));
        if let Some(power) = power {
            let value = u64::from_str_radix(&digits, 16)
                .ok()
                .and_then(|whole| scaled(whole, power));
            return value
                .map(|value| Literal::Float { value, suffix })
                .ok_or_else(bad);
        }
        if float || radix == 10 && matches!(suffix.as_str(), "f32" | "f64") {
            let value = match suffix.as_str() {
                // Rounded once.
                "f" | "f32" => digits.parse().map(|value: f32| f64::from(value)),
                _ => digits.parse(),
            };
            let value = value.map_err(|_| bad())?;
            return Ok(Literal::Float { value, suffix });
        }
        // A leading zero is octal in C alone.
        let octal = radix == 10 && self.c_like() && digits.len() > 1 && digits.starts_with('0');
        let radix = if octal { 8 } else { radix };
        let value = u128::from_str_radix(&digits, radix).map_err(|_| bad())?;
        Ok(Literal::Int {
            value,
            suffix,
            decimal: radix == 10,
        })
    }

    /// The fraction and the power of two behind the `digits` of a hexadecimal float, as in `0x1.8p3`: the power that the
    /// digits together have.
    fn binary_power(&mut self, digits: &mut String) -> Option<i32> {
        let before = self.at;
        let mut fraction = String::new();
        if self.peek() == Some('.') {
            self.advance(1);
            fraction = self.digits(16);
        }
        if self.rest().starts_with(['p', 'P']) {
            self.advance(1);
            let negative = self.peek() == Some('-');
            if self.rest().starts_with(['+', '-']) {
                self.advance(1);
            }
            let power = self
                .digits(10)
                .parse::<i32>()
                .ok()
                .filter(|&power| power < 1 << 16);
            let bits = i32::try_from(fraction.len()).ok()?.checked_mul(4)?;
            if let Some(power) = power {
                digits.push_str(&fraction);
                return if negative { -power } else { power }.checked_sub(bits);
            }
        }
        self.at = before;
        None
    }

    /// Digits without what separates them (`1_000` in Rust and Zig, `1'000` in C++).
    fn digits(&mut self, radix: u32) -> String {
        let mut digits = String::new();
        loop {
            let rest = self.rest();
            let Some(c) = self.peek() else { return digits };
            let digit_follows = rest
                .get(c.len_utf8()..)
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_digit(radix)));
            match c {
                c if c.is_digit(radix) => digits.push(c),
                '_' => {}
                '\'' if digit_follows && !digits.is_empty() => {}
                _ => return digits,
            }
            self.advance(c.len_utf8());
        }
    }

    /// A character in single quotes, behind its prefix.
    fn character(&mut self, prefix: &'static str) -> Result<Token, Failure> {
        let start = self.at;
        self.advance(1);
        let Some(code) = self.quoted_code('\'')? else {
            return wrong(self.since(start), "a character is missing between the quotes");
        };
        if self.peek() != Some('\'') {
            return wrong(self.since(start), "a \"'\" is missing after the character");
        }
        self.advance(1);
        let most = match (prefix, self.c_like()) {
            ("b", _) | ("" | "u8", true) => 0x7f,
            ("u", _) => 0xffff,
            _ => u32::MAX,
        };
        let code = match code {
            Code::Byte(byte) => u32::from(byte),
            Code::Char(c) if u32::from(c) <= most => u32::from(c),
            Code::Char(_) => return wrong(self.since(start), "this is more than one unit of its type"),
        };
        Ok(Token::Literal(Literal::Char { code, prefix }))
    }

    fn string(&mut self) -> Result<Vec<u8>, Failure> {
        let start = self.at;
        self.advance(1);
        let mut bytes = Vec::new();
        while let Some(code) = self.quoted_code('"')? {
            match code {
                Code::Char(c) => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
                Code::Byte(byte) => bytes.push(byte),
            }
        }
        if self.peek() != Some('"') {
            return wrong(self.since(start), "a '\"' is missing at the end of the text");
        }
        self.advance(1);
        Ok(bytes)
    }

    /// One character inside quotes; `None` at the closing quote or the end.
    fn quoted_code(&mut self, quote: char) -> Result<Option<Code>, Failure> {
        let start = self.at;
        let Some(c) = self.peek().filter(|&c| c != quote) else {
            return Ok(None);
        };
        self.advance(c.len_utf8());
        if c != '\\' {
            return Ok(Some(Code::Char(c)));
        }
        let Some(escape) = self.peek() else {
            return Ok(None);
        };
        self.advance(escape.len_utf8());
        let simple = match escape {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'v' => '\x0b',
            '\\' | '\'' | '"' | '?' => escape,
            'x' => {
                let rest = self.rest();
                let len = rest
                    .find(|c: char| !c.is_ascii_hexdigit())
                    .unwrap_or(rest.len())
                    .min(2);
                let byte = u8::from_str_radix(rest.get(..len).unwrap_or(""), 16);
                self.advance(len);
                return match byte {
                    Ok(byte) => Ok(Some(Code::Byte(byte))),
                    Err(_) => wrong(self.since(start), "'\\x' needs hexadecimal digits"),
                };
            }
            'u' | 'U' => {
                let braced = self.rest().starts_with('{');
                if braced {
                    self.advance(1);
                }
                let longest = match (braced, escape) {
                    (true, _) => 6,
                    (false, 'u') => 4,
                    _ => 8,
                };
                let rest = self.rest();
                let len = rest
                    .find(|c: char| !c.is_ascii_hexdigit())
                    .unwrap_or(rest.len())
                    .min(longest);
                let code = u32::from_str_radix(rest.get(..len).unwrap_or(""), 16).ok();
                self.advance(len);
                if braced && self.rest().starts_with('}') {
                    self.advance(1);
                }
                return match code.and_then(char::from_u32) {
                    Some(c) => Ok(Some(Code::Char(c))),
                    None => wrong(self.since(start), "this names no character"),
                };
            }
            '0' if !self.c_like() => return Ok(Some(Code::Byte(0))),
            '0'..='7' => {
                let rest = self.text.get(self.at.saturating_sub(1)..).unwrap_or("");
                let len = rest.find(|c: char| !c.is_digit(8)).unwrap_or(rest.len()).min(3);
                let byte = u32::from_str_radix(rest.get(..len).unwrap_or("0"), 8).unwrap_or(0);
                self.advance(len.saturating_sub(1));
                return match u8::try_from(byte) {
                    Ok(byte) => Ok(Some(Code::Byte(byte))),
                    Err(_) => wrong(self.since(start), "this is more than one byte"),
                };
            }
            other => return wrong(self.since(start), format!("'\\{other}' is no character")),
        };
        Ok(Some(Code::Char(simple)))
    }
}

/// `whole` times a power of two, if a `double` holds that.
fn scaled(whole: u64, power: i32) -> Option<f64> {
    let unused = whole.trailing_zeros().min(63);
    let (odd, power) = (whole >> unused, power.checked_add(i32::try_from(unused).ok()?)?);
    if odd >> 53 != 0 {
        return None;
    }
    // In two steps: one factor alone can be too small.
    let half = power / 2;
    let value = odd as f64 * 2f64.powi(half) * 2f64.powi(power.checked_sub(half)?);
    (odd == 0 || value.is_normal()).then_some(value)
}

/// A character, or a byte that an escape gave.
enum Code {
    Char(char),
    Byte(u8),
}

/// Whether a name may begin so.
pub(crate) fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

fn in_name(c: char) -> bool {
    starts_name(c) || c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token> {
        lex(text, Language::C)
            .unwrap()
            .into_iter()
            .map(|placed| placed.token)
            .collect()
    }

    fn int(value: u128, suffix: &str) -> Token {
        Token::Literal(Literal::Int {
            value,
            suffix: suffix.to_string(),
            decimal: true,
        })
    }

    fn float(value: f64, suffix: &str) -> Token {
        Token::Literal(Literal::Float {
            value,
            suffix: suffix.to_string(),
        })
    }

    fn word(name: &str) -> Token {
        Token::Word(name.to_string())
    }

    #[test]
    fn numbers_of_all_languages() {
        let other = |value| {
            Token::Literal(Literal::Int {
                value,
                suffix: String::new(),
                decimal: false,
            })
        };
        assert_eq!(tokens("0x1F 0b101 0o17 017"), [31, 5, 15, 15].map(other));
        assert_eq!(
            tokens("1_000 1'000 7ul 3u8 0"),
            [
                int(1000, ""),
                int(1000, ""),
                int(7, "ul"),
                int(3, "u8"),
                int(0, "")
            ]
        );
        assert_eq!(
            tokens("1.5 + .5 1e3 2.5e-1f 1. 3f64"),
            [
                float(1.5, ""),
                Token::Sign("+"),
                float(0.5, ""),
                float(1000.0, ""),
                float(0.25, "f"),
                float(1.0, ""),
                float(3.0, "f64")
            ]
        );
        let octal = lex("017", Language::Rust).unwrap();
        assert_eq!(octal.first().unwrap().token, int(17, ""));
        assert_eq!(
            tokens("a[1..4]"),
            [
                word("a"),
                Token::Sign("["),
                int(1, ""),
                Token::Sign(".."),
                int(4, ""),
                Token::Sign("]")
            ]
        );
        assert_eq!(
            tokens("t.0.1"),
            [
                word("t"),
                Token::Sign("."),
                word("0"),
                Token::Sign("."),
                word("1")
            ]
        );
    }

    #[test]
    fn characters_and_texts() {
        let code = |code, prefix| Token::Literal(Literal::Char { code, prefix });
        assert_eq!(
            tokens(r"'a' '\n' '\x41' '\0' '\'' '\101' '\xff'"),
            [97, 10, 65, 0, 39, 65, 255].map(|of| code(of, ""))
        );
        assert_eq!(
            tokens("L'ä' L'\\u00e4' u8'a' u'€' U'😀'"),
            [
                code(228, "L"),
                code(228, "L"),
                code(97, "u8"),
                code(0x20ac, "u"),
                code(0x1f600, "U")
            ]
        );
        let rust = |text: &str| lex(text, Language::Rust).unwrap().first().unwrap().token.clone();
        assert_eq!(rust("b'a'"), code(97, "b"));
        assert_eq!(rust(r"'\u{e4}'"), code(228, ""));
        // Octal numbers are C's.
        let zero = lex(r#""\01""#, Language::Rust).unwrap();
        assert_eq!(zero.first().unwrap().token, Token::Text(b"\x001".to_vec()));
        // What no character of its type can be is refused.
        for text in ["'ä'", "u8'ä'", "u'😀'", "L\"a\"", "u\"a\""] {
            assert!(lex(text, Language::C).is_err(), "{text}");
        }
        assert!(lex("b'ä'", Language::Rust).is_err());
        assert_eq!(tokens(r#""a\"b\xff""#), [Token::Text(b"a\"b\xff".to_vec())]);
        assert_eq!(tokens("\"ä\""), [Token::Text("ä".as_bytes().to_vec())]);
    }

    #[test]
    fn names_and_signs() {
        assert_eq!(
            tokens("$local3 r#type @\"odd name\" @sizeOf a::b"),
            [
                word("$local3"),
                word("type"),
                word("odd name"),
                Token::Builtin("sizeOf".to_string()),
                word("a"),
                Token::Sign("::"),
                word("b")
            ]
        );
        assert_eq!(
            tokens("a->b<<=c.*"),
            [
                word("a"),
                Token::Sign("->"),
                word("b"),
                Token::Sign("<<="),
                word("c"),
                Token::Sign(".*")
            ]
        );
    }

    #[test]
    fn errors_have_a_place() {
        for (text, start, end, message) in [
            ("1 + 0xg", 4, 7, "'0xg' is not a number"),
            ("'a", 0, 2, "a \"'\" is missing after the character"),
            ("''", 0, 1, "a character is missing between the quotes"),
            ("x == \"abc", 5, 9, "a '\"' is missing at the end of the text"),
            ("a § b", 2, 4, "'§' was not expected"),
            (r"'\q'", 1, 3, r"'\q' is no character"),
        ] {
            let expected = Failure::Wrong(Span { start, end }, message.to_string());
            assert_eq!(lex(text, Language::C), Err(expected), "{text}");
        }
        assert!(lex(&"1".repeat(5000), Language::C).is_err());
        assert!(lex("340282366920938463463374607431768211456", Language::C).is_err());
    }
}
