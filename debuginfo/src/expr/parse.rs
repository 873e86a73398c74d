//! From text to a tree: `a.b[3]`, `p->x`, `*p`, `&x`, `ns::name`, parentheses.
//!
//! # Invariants
//! - Bounded depth; every error is one sentence that says where.

/// Deepest nesting, and longest path.
const DEPTH_LIMIT: usize = 64;

/// A parsed expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expr {
    Name(String),
    Number(i64),
    Member(Box<Expr>, String),
    /// `->`: a member of what a pointer points to.
    Arrow(Box<Expr>, String),
    Index(Box<Expr>, Box<Expr>),
    Deref(Box<Expr>),
    AddressOf(Box<Expr>),
}

/// Parses a whole text.
pub(crate) fn parse(text: &str) -> Result<Expr, String> {
    let mut parser = Parser { text, at: 0 };
    let expr = parser.unary(DEPTH_LIMIT)?;
    match parser.peek() {
        None => Ok(expr),
        Some(c) => Err(parser.unexpected(c)),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&mut self) -> Option<char> {
        let rest = self.rest();
        let skipped = rest.len().saturating_sub(rest.trim_start().len());
        self.at = self.at.saturating_add(skipped);
        self.rest().chars().next()
    }

    fn take(&mut self, token: &str) -> bool {
        self.peek();
        let found = self.rest().starts_with(token);
        if found {
            self.at = self.at.saturating_add(token.len());
        }
        found
    }

    fn unexpected(&self, c: char) -> String {
        format!(
            "'{c}' was not expected at column {}",
            self.text.get(..self.at).unwrap_or("").chars().count() + 1
        )
    }

    fn unary(&mut self, depth: usize) -> Result<Expr, String> {
        let depth = depth
            .checked_sub(1)
            .ok_or("the expression is nested too deeply")?;
        if self.take("*") {
            return Ok(Expr::Deref(Box::new(self.unary(depth)?)));
        }
        if self.take("&") {
            return Ok(Expr::AddressOf(Box::new(self.unary(depth)?)));
        }
        let mut expr = self.primary(depth)?;
        for _ in 0..DEPTH_LIMIT {
            if self.take("->") {
                expr = Expr::Arrow(Box::new(expr), self.member()?);
            } else if self.take(".") {
                expr = Expr::Member(Box::new(expr), self.member()?);
            } else if self.take("[") {
                let index = self.unary(depth)?;
                if !self.take("]") {
                    return Err("a ']' is missing".to_string());
                }
                expr = Expr::Index(Box::new(expr), Box::new(index));
            } else {
                return Ok(expr);
            }
        }
        Err("the path is too long".to_string())
    }

    fn primary(&mut self, depth: usize) -> Result<Expr, String> {
        if self.take("(") {
            let inner = self.unary(depth)?;
            if !self.take(")") {
                return Err("a ')' is missing".to_string());
            }
            return Ok(inner);
        }
        match self.peek() {
            None => Err("a name is missing at the end".to_string()),
            Some(c) if c.is_ascii_digit() || c == '-' => self.number(),
            Some(c) if starts_name(c) => self.name().map(Expr::Name),
            Some(c) => Err(self.unexpected(c)),
        }
    }

    fn number(&mut self) -> Result<Expr, String> {
        let negative = self.take("-");
        let word: String = self
            .rest()
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        self.at = self.at.saturating_add(word.len());
        let parsed = match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
            Some(hex) => i64::from_str_radix(hex, 16),
            None => word.parse(),
        };
        let value = parsed.map_err(|_| format!("'{word}' is not a number"))?;
        Ok(Expr::Number(if negative { value.wrapping_neg() } else { value }))
    }

    fn member(&mut self) -> Result<String, String> {
        match self.peek() {
            Some(c) if starts_name(c) || c.is_ascii_digit() => {
                let name: String = self
                    .rest()
                    .chars()
                    .take_while(|&c| starts_name(c) || c.is_ascii_digit())
                    .collect();
                self.at = self.at.saturating_add(name.len());
                Ok(name)
            }
            Some(c) => Err(self.unexpected(c)),
            None => Err("a member's name is missing at the end".to_string()),
        }
    }

    fn name(&mut self) -> Result<String, String> {
        let mut name = self.member()?;
        while self.rest().starts_with("::") {
            self.at = self.at.saturating_add(2);
            name.push_str("::");
            name.push_str(&self.member()?);
        }
        Ok(name)
    }
}

fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Box<Expr> {
        Box::new(Expr::Name(text.to_string()))
    }

    #[test]
    fn paths() {
        assert_eq!(parse(" a "), Ok(*name("a")));
        assert_eq!(parse("a::b"), Ok(*name("a::b")));
        let member = Expr::Member(name("a"), "b".to_string());
        assert_eq!(
            parse("a.b[3]"),
            Ok(Expr::Index(Box::new(member), Box::new(Expr::Number(3))))
        );
        assert_eq!(parse("*p"), Ok(Expr::Deref(name("p"))));
        assert_eq!(
            parse("(*p).x"),
            Ok(Expr::Member(Box::new(Expr::Deref(name("p"))), "x".to_string()))
        );
        assert_eq!(
            parse("&p->x"),
            Ok(Expr::AddressOf(Box::new(Expr::Arrow(name("p"), "x".to_string()))))
        );
        assert_eq!(
            parse("a[0x10]"),
            Ok(Expr::Index(name("a"), Box::new(Expr::Number(16))))
        );
        assert_eq!(parse("t.0"), Ok(Expr::Member(name("t"), "0".to_string())));
    }

    #[test]
    fn errors_say_where() {
        for (text, error) in [
            ("", "a name is missing at the end"),
            ("a.", "a member's name is missing at the end"),
            ("a[1", "a ']' is missing"),
            ("a b", "'b' was not expected at column 3"),
            ("a[0xg]", "'0xg' is not a number"),
        ] {
            assert_eq!(parse(text), Err(error.to_string()), "{text}");
        }
        assert!(parse(&"*".repeat(100_000)).is_err());
        assert!(parse(&"(".repeat(100_000)).is_err());
        assert!(parse(&format!("a{}", ".b".repeat(100_000))).is_err());
    }
}
