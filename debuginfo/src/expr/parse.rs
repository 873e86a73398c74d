//! From tokens to a tree: the expressions of C, C++, Rust and Zig that read and change nothing.
//!
//! # Invariants
//! - Nesting is bounded before it is followed; every error names its place.
//! - Precedence is that of the frame's language.
//!
//! Must not know: what a name stands for, except whether it is a type.

use super::ast::{Binary, Bounds, Expr, ExprKind, TypeKind, TypeName, Unary};
use super::error::{Failure, Span, wrong};
use super::lex::{Placed, Token, lex};
use super::parse_cast::{CastKind, cast, is_cast};
use super::parse_type::TYPE_WORDS;
use crate::Language;

/// Deepest nesting of brackets and prefixes.
const NEST_LIMIT: usize = 64;

/// What the parser must know of names.
pub(crate) trait Words {
    /// The language that the text is in.
    fn language(&self) -> Language;
    /// Whether a name means a type (and nothing else that is nearer).
    fn is_type(&self, name: &str) -> bool;
}

/// Parses a whole text.
pub(crate) fn parse(text: &str, words: &dyn Words) -> Result<Expr, Failure> {
    let mut parser = Parser {
        text,
        tokens: lex(text, words.language())?,
        at: 0,
        nested: 0,
        words,
    };
    let expr = parser.choice()?;
    match parser.peek() {
        None => Ok(expr),
        Some(_) => parser.unexpected(),
    }
}

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Placed>,
    pub(super) at: usize,
    pub(super) nested: usize,
    pub(super) words: &'a dyn Words,
}

pub(super) type Parsed<T> = Result<T, Failure>;

/// How strongly an operator binds; more is stronger.
fn strength(operator: Binary, language: Language) -> u8 {
    use Binary::*;
    let c_like = !matches!(language, Language::Rust | Language::Zig);
    match operator {
        // Zig's bits are all of one strength.
        And | Xor | Or if language == Language::Zig => 9,
        Either => 1,
        Both => 2,
        Or if c_like => 3,
        Xor if c_like => 4,
        And if c_like => 5,
        Equal | NotEqual => 6,
        Less | LessEqual | Greater | GreaterEqual if c_like => 7,
        Less | LessEqual | Greater | GreaterEqual => 6,
        Or => 7,
        Xor => 8,
        And => 9,
        ShiftLeft | ShiftRight => 10,
        Add | Subtract => 11,
        Multiply | Divide | Remainder => 12,
    }
}

impl Parser<'_> {
    pub(super) fn language(&self) -> Language {
        self.words.language()
    }

    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|placed| &placed.token)
    }

    pub(super) fn ahead(&self, more: usize) -> Option<&Token> {
        let at = self.at.saturating_add(more);
        self.tokens.get(at).map(|placed| &placed.token)
    }

    /// The place of the next token, or the end of the text.
    pub(super) fn here(&self) -> Span {
        let end = Span {
            start: self.text.trim_end().len(),
            end: self.text.trim_end().len(),
        };
        self.tokens.get(self.at).map_or(end, |placed| placed.span)
    }

    /// The place of the token before.
    pub(super) fn before(&self) -> Span {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.map_or(Span { start: 0, end: 0 }, |placed| placed.span)
    }

    pub(super) fn skip(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    pub(super) fn sign_is(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if *found == sign)
    }

    pub(super) fn take(&mut self, sign: &str) -> bool {
        let found = self.sign_is(sign);
        if found {
            self.skip();
        }
        found
    }

    fn word_is(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found == word)
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self.word_is(word);
        if found {
            self.skip();
        }
        found
    }

    pub(super) fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.take(sign) {
            return Ok(());
        }
        wrong(self.here(), format!("a '{sign}' is missing"))
    }

    pub(super) fn unexpected<T>(&self) -> Parsed<T> {
        let here = self.here();
        let text = here.of(self.text);
        match self.peek() {
            None => wrong(here, "a value is missing at the end"),
            Some(Token::Sign("=")) => wrong(here, "'=' would change the guest; '==' compares"),
            Some(Token::Sign(
                "++" | "--" | "+=" | "-=" | "*=" | "/=" | "%=" | "&=" | "|=" | "^=" | "<<=" | ">>=",
            )) => wrong(here, format!("'{text}' would change the guest")),
            Some(_) => wrong(here, format!("'{text}' was not expected")),
        }
    }

    /// Goes one level deeper; the caller comes back by subtracting.
    pub(super) fn nest(&mut self) -> Parsed<()> {
        self.nested = self.nested.saturating_add(1);
        if self.nested > NEST_LIMIT {
            return wrong(self.here(), "the expression is nested too deeply");
        }
        Ok(())
    }

    pub(super) fn unnest(&mut self) {
        self.nested = self.nested.saturating_sub(1);
    }

    /// `a ? b : c`, and all that binds more strongly.
    pub(super) fn choice(&mut self) -> Parsed<Expr> {
        self.nest()?;
        let start = self.here();
        let condition = self.binary(0)?;
        let expr = if self.take("?") {
            let yes = self.choice()?;
            self.expect(":")?;
            let no = self.choice()?;
            let span = start.to(self.before());
            Expr::new(
                ExprKind::Choice(Box::new(condition), Box::new(yes), Box::new(no)),
                span,
            )?
        } else {
            condition
        };
        self.unnest();
        Ok(expr)
    }

    fn operator(&self) -> Option<Binary> {
        use Binary::*;
        Some(match self.peek()? {
            Token::Sign(sign) => match *sign {
                "+" => Add,
                "-" => Subtract,
                "*" => Multiply,
                "/" => Divide,
                "%" => Remainder,
                "<<" => ShiftLeft,
                ">>" => ShiftRight,
                "&" => And,
                "^" => Xor,
                "|" => Or,
                "==" => Equal,
                "!=" => NotEqual,
                "<" => Less,
                "<=" => LessEqual,
                ">" => Greater,
                ">=" => GreaterEqual,
                "&&" => Both,
                "||" => Either,
                _ => return None,
            },
            Token::Word(word) => match word.as_str() {
                "and" => Both,
                "or" => Either,
                "bitand" => And,
                "bitor" => Or,
                "xor" => Xor,
                "not_eq" => NotEqual,
                _ => return None,
            },
            _ => return None,
        })
    }

    /// Operators that bind more strongly than `floor`, left to right.
    fn binary(&mut self, floor: u8) -> Parsed<Expr> {
        let start = self.here();
        let mut left = self.cast_behind()?;
        while let Some(operator) = self.operator() {
            let strength = strength(operator, self.language());
            if strength <= floor {
                break;
            }
            self.skip();
            let right = self.binary(strength)?;
            let span = start.to(self.before());
            left = Expr::new(ExprKind::Binary(operator, Box::new(left), Box::new(right)), span)?;
        }
        Ok(left)
    }

    /// Rust's `a as T`.
    fn cast_behind(&mut self) -> Parsed<Expr> {
        let start = self.here();
        let mut expr = self.prefixed()?;
        while self.take_word("as") {
            // A star behind it multiplies.
            let ty = self.prefix_type()?;
            let span = start.to(ty.span);
            expr = Expr::new(ExprKind::Cast(ty, Box::new(expr)), span)?;
        }
        Ok(expr)
    }

    fn prefixed(&mut self) -> Parsed<Expr> {
        let start = self.here();
        let operator = match self.peek() {
            Some(Token::Sign("+")) => Unary::Plus,
            Some(Token::Sign("-")) => Unary::Minus,
            Some(Token::Sign("!")) => Unary::Not,
            Some(Token::Sign("~")) => Unary::Invert,
            Some(Token::Sign("*")) => Unary::Deref,
            Some(Token::Sign("&")) => Unary::AddressOf,
            Some(Token::Word(word)) => match word.as_str() {
                "not" if self.language() == Language::Cpp => Unary::Not,
                "compl" if self.language() == Language::Cpp => Unary::Invert,
                "sizeof" => return self.size_of(),
                _ => return self.postfixed(),
            },
            Some(Token::Sign("(")) if self.type_follows(1) => {
                self.skip();
                let ty = self.type_name()?;
                self.expect(")")?;
                self.nest()?;
                let operand = self.prefixed()?;
                self.unnest();
                return cast(CastKind::Plain, ty, operand, start.to(self.before()));
            }
            _ => return self.postfixed(),
        };
        self.skip();
        if operator == Unary::AddressOf {
            self.take_word("mut");
        }
        self.nest()?;
        let operand = self.prefixed()?;
        self.unnest();
        let span = start.to(self.before());
        Expr::new(ExprKind::Unary(operator, Box::new(operand)), span)
    }

    fn size_of(&mut self) -> Parsed<Expr> {
        let start = self.here();
        self.skip();
        if self.sign_is("(") && self.type_follows(1) {
            self.skip();
            let ty = self.type_name()?;
            self.expect(")")?;
            return Expr::new(ExprKind::SizeOfType(ty), start.to(self.before()));
        }
        self.nest()?;
        let operand = self.prefixed()?;
        self.unnest();
        let span = start.to(self.before());
        Expr::new(ExprKind::SizeOf(Box::new(operand)), span)
    }

    fn postfixed(&mut self) -> Parsed<Expr> {
        let start = self.here();
        let mut expr = self.primary()?;
        loop {
            let sign = match self.peek() {
                Some(Token::Sign(sign)) => *sign,
                _ => return Ok(expr),
            };
            let kind = match sign {
                "." | "->" => {
                    self.skip();
                    let name = self.member()?;
                    ExprKind::Member(Box::new(expr), name, self.before())
                }
                ".*" => {
                    self.skip();
                    ExprKind::Unary(Unary::Deref, Box::new(expr))
                }
                ".?" => {
                    self.skip();
                    ExprKind::Unary(Unary::Unwrap, Box::new(expr))
                }
                "[" => {
                    self.skip();
                    self.nest()?;
                    let kind = self.index(expr)?;
                    self.expect("]")?;
                    self.unnest();
                    kind
                }
                "(" => {
                    return wrong(
                        self.here(),
                        "functions are not called: an expression only looks at the guest",
                    );
                }
                _ => return Ok(expr),
            };
            expr = Expr::new(kind, start.to(self.before()))?;
        }
    }

    /// What stands between `[` and `]`.
    fn index(&mut self, of: Expr) -> Parsed<ExprKind> {
        let dots = |parser: &mut Self| -> Option<bool> {
            let inclusive = match parser.peek() {
                Some(Token::Sign("..")) => false,
                Some(Token::Sign("..=" | "...")) => true,
                _ => return None,
            };
            parser.skip();
            Some(inclusive)
        };
        let first = match self.peek() {
            Some(Token::Sign(".." | "..=" | "...")) => None,
            _ => Some(Box::new(self.choice()?)),
        };
        let Some(inclusive) = dots(self) else {
            return match first {
                Some(index) => Ok(ExprKind::Index(Box::new(of), index)),
                None => self.unexpected(),
            };
        };
        let end = match self.sign_is("]") {
            true => None,
            false => Some(Box::new(self.choice()?)),
        };
        Ok(ExprKind::Slice(
            Box::new(of),
            Bounds {
                first,
                end,
                inclusive,
            },
        ))
    }

    fn member(&mut self) -> Parsed<String> {
        match self.peek() {
            Some(Token::Word(name)) => {
                let name = name.clone();
                self.skip();
                Ok(name)
            }
            None => wrong(self.here(), "a member's name is missing at the end"),
            Some(_) => self.unexpected(),
        }
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let start = self.here();
        let Some(token) = self.peek().cloned() else {
            return wrong(start, "a value is missing at the end");
        };
        match token {
            Token::Literal(literal) => {
                self.skip();
                Expr::new(ExprKind::Literal(literal), start)
            }
            Token::Text(text) => {
                self.skip();
                Expr::new(ExprKind::Text(text), start)
            }
            Token::Sign("(") => {
                self.skip();
                let mut inner = self.choice()?;
                self.expect(")")?;
                // What is said of a name has the place of the name.
                if !matches!(inner.kind, ExprKind::Name(_)) {
                    inner.span = start.to(self.before());
                }
                Ok(inner)
            }
            Token::Sign(".") => {
                self.skip();
                let name = self.member()?;
                Expr::new(ExprKind::Enumerator(name), start.to(self.before()))
            }
            Token::Builtin(name) => self.builtin(&name),
            Token::Word(word) if is_cast(&word) && self.ahead(1) == Some(&Token::Sign("<")) => {
                self.skip();
                self.named_cast(&word, start)
            }
            // C++'s `int(x)`.
            Token::Word(word)
                if self.language() == Language::Cpp
                    && TYPE_WORDS.contains(&word.as_str())
                    && self.ahead(1) == Some(&Token::Sign("(")) =>
            {
                self.skip();
                self.functional_cast(word, start)
            }
            Token::Word(_) => self.path(),
            Token::Sign("::") => {
                // In C++ it is what no namespace is around.
                self.path()
            }
            Token::Sign(_) => self.unexpected(),
        }
    }

    /// Zig's builtins that only look: `@as(T, x)`, `@sizeOf(T)` and the conversions that keep the number.
    fn builtin(&mut self, name: &str) -> Parsed<Expr> {
        let start = self.here();
        if !matches!(
            name,
            "as" | "sizeOf" | "intFromPtr" | "intFromEnum" | "intFromBool"
        ) {
            return wrong(start, format!("'@{name}' is not known here"));
        }
        self.skip();
        self.expect("(")?;
        let kind = match name {
            "sizeOf" => ExprKind::SizeOfType(self.type_name()?),
            "as" => {
                let ty = self.type_name()?;
                self.expect(",")?;
                ExprKind::Cast(ty, Box::new(self.choice()?))
            }
            // It has the number of bits that the tags have.
            "intFromEnum" => ExprKind::Unary(Unary::Plus, Box::new(self.choice()?)),
            _ => {
                let ty = TypeName {
                    kind: TypeKind::Named(None, "usize".to_string()),
                    span: start,
                };
                ExprKind::Cast(ty, Box::new(self.choice()?))
            }
        };
        self.expect(")")?;
        Expr::new(kind, start.to(self.before()))
    }

    /// What a variant of Rust holds, in brackets.
    fn held(&mut self) -> Parsed<Vec<Expr>> {
        self.skip();
        self.nest()?;
        let mut held = vec![self.choice()?];
        while self.take(",") && !self.sign_is(")") {
            held.push(self.choice()?);
        }
        self.expect(")")?;
        self.unnest();
        Ok(held)
    }

    /// A name with the namespaces before it; Rust's `size_of::<T>()` too.
    fn path(&mut self) -> Parsed<Expr> {
        let start = self.here();
        let mut name = String::new();
        if self.take("::") && self.language() == Language::Cpp {
            name.push_str("::");
        }
        name.push_str(&self.member()?);
        self.arguments_of(&mut name);
        while self.sign_is("::") {
            if self.ahead(1) == Some(&Token::Sign("<")) && name.rsplit("::").next() == Some("size_of") {
                self.skip();
                self.skip();
                let ty = self.type_name()?;
                self.close_angle()?;
                self.expect("(")?;
                self.expect(")")?;
                return Expr::new(ExprKind::SizeOfType(ty), start.to(self.before()));
            }
            self.skip();
            name.push_str("::");
            name.push_str(&self.member()?);
            self.arguments_of(&mut name);
        }
        if self.language() == Language::Cpp && self.sign_is("(") && self.words.is_type(&name) {
            return self.functional_cast(name, start);
        }
        let last = name.rsplit("::").next().unwrap_or(&name);
        if self.language() == Language::Rust && last.starts_with(char::is_uppercase) && self.sign_is("(") {
            let held = self.held()?;
            return Expr::new(ExprKind::Made(name, held), start.to(self.before()));
        }
        Expr::new(ExprKind::Name(name), start.to(self.before()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A language, and the names that are types in it.
    struct Known(Language, &'static [&'static str]);

    impl Words for Known {
        fn language(&self) -> Language {
            self.0
        }

        fn is_type(&self, name: &str) -> bool {
            self.1.contains(&name)
        }
    }

    /// A tree with all its brackets.
    fn written(text: &str, expr: &Expr) -> String {
        let of = |expr: &Expr| written(text, expr);
        match &expr.kind {
            ExprKind::Literal(_) | ExprKind::Text(_) => expr.span.of(text).to_string(),
            ExprKind::Name(name) => name.clone(),
            ExprKind::Enumerator(name) => format!(".{name}"),
            ExprKind::Made(name, held) => {
                format!("{name}({})", held.iter().map(of).collect::<Vec<_>>().join(", "))
            }
            ExprKind::Member(inner, name, _) => format!("{}.{name}", of(inner)),
            ExprKind::Index(inner, index) => format!("{}[{}]", of(inner), of(index)),
            ExprKind::Slice(inner, bounds) => {
                let bound =
                    |bound: &Option<Box<Expr>>| bound.as_ref().map_or(String::new(), |bound| of(bound));
                let dots = if bounds.inclusive { "..=" } else { ".." };
                format!(
                    "{}[{}{dots}{}]",
                    of(inner),
                    bound(&bounds.first),
                    bound(&bounds.end)
                )
            }
            ExprKind::Unary(operator, inner) => format!("({operator:?} {})", of(inner)),
            ExprKind::Binary(operator, a, b) => format!("({} {} {})", of(a), operator.sign(), of(b)),
            ExprKind::Choice(a, b, c) => format!("({} ? {} : {})", of(a), of(b), of(c)),
            ExprKind::Cast(ty, inner) => format!("({} of {})", type_text(ty), of(inner)),
            ExprKind::ReferenceCast(ty, _, inner) => format!("(&{} of {})", type_text(ty), of(inner)),
            ExprKind::SizeOf(inner) => format!("(sizeof {})", of(inner)),
            ExprKind::DynamicCast(ty, inner) => format!("({} of dynamic {})", type_text(ty), of(inner)),
            ExprKind::SizeOfType(ty) => format!("(sizeof {})", type_text(ty)),
        }
    }

    fn type_text(ty: &TypeName) -> String {
        match &ty.kind {
            TypeKind::Named(Some(tag), name) => format!("{tag:?} {name}"),
            TypeKind::Named(None, name) => name.clone(),
            TypeKind::Pointer(to) => format!("*{}", type_text(to)),
            TypeKind::Reference(to, _) => format!("&{}", type_text(to)),
            TypeKind::Array(element, count) => format!("[{count}]{}", type_text(element)),
        }
    }

    fn tree(text: &str, language: Language) -> String {
        let types = &[
            "u8",
            "usize",
            "byte",
            "node_t",
            "std::vector<int>",
            "i64",
            "Vec<u8>",
            "stack.Op",
        ];
        match parse(text, &Known(language, types)) {
            Ok(expr) => written(text, &expr),
            Err(failure) => panic!("{text}: {failure:?}"),
        }
    }

    #[test]
    fn operators_bind_as_in_their_language() {
        let c = |text: &str| tree(text, Language::C);
        assert_eq!(c("a & b == c"), "(a & (b == c))");
        assert_eq!(tree("a & b == c", Language::Rust), "((a & b) == c)");
        assert_eq!(tree("a & b == c", Language::Zig), "((a & b) == c)");
        assert_eq!(tree("a | b & c", Language::Rust), "(a | (b & c))");
        assert_eq!(
            tree("a | b & c ^ d << 1", Language::Zig),
            "(((a | b) & c) ^ (d << 1))"
        );
        assert_eq!(c("a + b * c - d"), "((a + (b * c)) - d)");
        assert_eq!(c("a - b - c"), "((a - b) - c)");
        assert_eq!(c("a || b && c | d ^ e & f"), "(a || (b && (c | (d ^ (e & f)))))");
        assert_eq!(c("a < b == c << 1"), "((a < b) == (c << 1))");
        assert_eq!(c("a ? b : c ? d : e"), "(a ? b : (c ? d : e))");
        assert_eq!(c("-a * !b"), "((Minus a) * (Not b))");
        assert_eq!(c("*p->q[1].r"), "(Deref p.q[1].r)");
        assert_eq!(c("&*p + 1"), "((AddressOf (Deref p)) + 1)");
        assert_eq!(tree("a and b or !c", Language::Zig), "((a && b) || (Not c))");
        assert_eq!(tree("-1 as u8 * 2", Language::Rust), "((u8 of (Minus 1)) * 2)");
    }

    #[test]
    fn casts_are_told_from_brackets() {
        let c = |text: &str| tree(text, Language::Cpp);
        assert_eq!(c("(unsigned char)x + 1"), "((unsigned char of x) + 1)");
        assert_eq!(c("(struct node *)p"), "(*Struct node of p)");
        assert_eq!(c("(const byte *const *)p"), "(**byte of p)");
        assert_eq!(c("(byte)-1"), "(byte of (Minus 1))");
        assert_eq!(c("(x)-1"), "(x - 1)");
        assert_eq!(c("not x"), "(Not x)");
        assert_eq!(tree("(class == 3) + not", Language::C), "((class == 3) + not)");
        assert_eq!(tree("(double + 1) * 2", Language::Rust), "((double + 1) * 2)");
        assert_eq!(c("(byte)(x)"), "(byte of x)");
        assert_eq!(c("sizeof(node_t)"), "(sizeof node_t)");
        assert_eq!(c("sizeof(x) + 1"), "((sizeof x) + 1)");
        assert_eq!(c("sizeof(int[3])"), "(sizeof [3]int)");
        assert_eq!(c("(std::vector<int> *)p"), "(*std::vector<int> of p)");
        assert_eq!(c("(byte &)x + 1"), "((&byte of x) + 1)");
        assert_eq!(
            c("dynamic_cast<byte &>(x).y"),
            "(Deref (*byte of dynamic (AddressOf x))).y"
        );
        assert_eq!(c("int(x) + 1"), "((int of x) + 1)");
        assert_eq!(c("(int(x) + byte(1))"), "((int of x) + (byte of 1))");
        assert_eq!(c("std::vector<int>(x)"), "(std::vector<int> of x)");
        assert_eq!(c("a<b, 3>::c < d"), "(a<b,3>::c < d)");
        assert_eq!(c("a < b"), "(a < b)");
        assert_eq!(c("static_cast<unsigned>(x) % 2"), "((unsigned of x) % 2)");
        assert_eq!(tree("p as *const u8", Language::Rust), "(*u8 of p)");
        assert_eq!(tree("size_of::<Vec<u8>>()", Language::Rust), "(sizeof Vec<u8>)");
        assert_eq!(
            tree("core::mem::size_of::<[u8; 4]>()", Language::Rust),
            "(sizeof [4]u8)"
        );
        assert_eq!(
            tree("@as(*const stack.Op, p).*", Language::Zig),
            "(Deref (*stack.Op of p))"
        );
        assert_eq!(tree("@sizeOf([4]u8)", Language::Zig), "(sizeof [4]u8)");
        assert_eq!(tree("@intFromEnum(x)", Language::Zig), "(Plus x)");
    }

    #[test]
    fn paths_and_slices() {
        let c = |text: &str| tree(text, Language::C);
        assert_eq!(c("::a::b.c"), "a::b.c");
        assert_eq!(c("a[1..4][2]"), "a[1..4][2]");
        assert_eq!(c("a[..n]"), "a[..n]");
        assert_eq!(c("a[n..]"), "a[n..]");
        assert_eq!(c("a[1..=n + 1]"), "a[1..=(n + 1)]");
        assert_eq!(c("t.0.1"), "t.0.1");
        assert_eq!(c("x == .red"), "(x == .red)");
        let rust = |text: &str| tree(text, Language::Rust);
        assert_eq!(rust("x == Some(1)"), "(x == Some(1))");
        assert_eq!(rust("x == a::B(1, Some(y),)"), "(x == a::B(1, Some(y)))");
        assert_eq!(tree("p.*.x.?", Language::Zig), "(Unwrap (Deref p).x)");
    }

    #[test]
    fn errors_name_their_place() {
        for (text, at, message) in [
            ("", "", "a value is missing at the end"),
            ("a.", "", "a member's name is missing at the end"),
            ("a[1", "", "a ']' is missing"),
            ("a b", "b", "'b' was not expected"),
            ("(a", "", "a ')' is missing"),
            ("a + ", "", "a value is missing at the end"),
            ("a + * ", "", "a value is missing at the end"),
            ("a = 1", "=", "'=' would change the guest; '==' compares"),
            ("a++", "++", "'++' would change the guest"),
            (
                "f(1)",
                "(",
                "functions are not called: an expression only looks at the guest",
            ),
            ("a ? b", "", "a ':' is missing"),
            ("(byte *)", "", "a value is missing at the end"),
            ("@panic(1)", "@panic", "'@panic' is not known here"),
            ("a]", "]", "']' was not expected"),
            ("x as ", "", "a type is missing at the end"),
        ] {
            let known = Known(Language::C, &["byte"]);
            match parse(text, &known) {
                Err(Failure::Wrong(span, found)) => {
                    assert_eq!((span.of(text), found.as_str()), (at, message), "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn hostile_texts_are_refused() {
        for piece in [
            "(",
            "*",
            "-",
            "!",
            "a[",
            "(int)",
            "sizeof ",
            "a ? ",
            "a.",
            "a + ",
            "&",
            "a == ",
            "size_of::<",
            "as ",
            "..",
            "(int ",
            "int *",
            "@as(",
            "A(",
            "[",
        ] {
            for count in [50, 100, 400, 1000, 100_000] {
                let text = piece.repeat(count);
                assert!(parse(&text, &Known(Language::Cpp, &[])).is_err(), "{piece}");
                let closed = format!("{}a{}", "(".repeat(count), ")".repeat(count));
                assert_eq!(parse(&closed, &Known(Language::C, &[])).is_ok(), count <= 50);
            }
        }
        let long = format!("a{}", " + a".repeat(98));
        assert!(parse(&long, &Known(Language::C, &[])).is_ok());
        let long = format!("a{}", " + a".repeat(900));
        assert!(parse(&long, &Known(Language::C, &[])).is_err());
        let long = format!("a{}", ".b".repeat(900));
        assert!(parse(&long, &Known(Language::C, &[])).is_err());
    }
}
