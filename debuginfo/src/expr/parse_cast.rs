//! Casts of C++ and what looks like one: part of the parser.

use super::ast::{Binding, Expr, ExprKind, TypeKind, TypeName, Unary};
use super::error::Span;
use super::lex::Token;
use super::parse::{Parsed, Parser};
use super::parse_type::TYPE_WORDS;
use crate::Language;

const CPP_CASTS: &[&str] = &["static_cast", "reinterpret_cast", "const_cast", "dynamic_cast"];

/// Whether a word begins a cast.
pub(super) fn is_cast(word: &str) -> bool {
    CPP_CASTS.contains(&word)
}

impl Parser<'_> {
    /// C++'s `static_cast<T>(x)` and the others, from the bracket on.
    pub(super) fn named_cast(&mut self, word: &str, start: Span) -> Parsed<Expr> {
        self.expect("<")?;
        let ty = self.type_name()?;
        self.close_angle()?;
        self.expect("(")?;
        let operand = self.choice()?;
        self.expect(")")?;
        let kind = match word {
            "dynamic_cast" => CastKind::Dynamic,
            "reinterpret_cast" => CastKind::Reinterpret,
            _ => CastKind::Static,
        };
        cast(kind, ty, operand, start.to(self.before()))
    }

    /// Takes the arguments of a template into a path, if something of the template follows.
    pub(super) fn arguments_of(&mut self, name: &mut String) {
        if self.language() == Language::Cpp
            && self.sign_is("<")
            && let Some((arguments, len)) = self.arguments(0)
        {
            let whole = format!("{name}{arguments}");
            let follows = match self.ahead(len) {
                Some(Token::Sign("::")) => true,
                Some(Token::Sign("(")) => self.words.is_type(&whole),
                _ => false,
            };
            if follows {
                *name = whole;
                self.at = self.at.saturating_add(len);
            }
        }
    }

    /// C++'s `T(x)`, from the bracket on.
    pub(super) fn functional_cast(&mut self, name: String, start: Span) -> Parsed<Expr> {
        let span = start.to(self.before());
        let kind = TypeKind::Named(None, name);
        self.expect("(")?;
        self.nest()?;
        let operand = self.choice()?;
        self.unnest();
        self.expect(")")?;
        cast(
            CastKind::Plain,
            TypeName { kind, span },
            operand,
            start.to(self.before()),
        )
    }
}

/// What kind of cast.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CastKind {
    Plain,
    /// What the types do not allow is refused.
    Static,
    Dynamic,
    /// The address stays as it is, whatever classes there are.
    Reinterpret,
}

/// What numbers of other types are in a cast to a reference; `None` if what the address leads to, as everything is.
fn referent(kind: CastKind, to: &TypeName, of_values: bool) -> Option<Binding> {
    // The words of C are constant if it is written beside them.
    let of_words = || matches!(&to.kind, TypeKind::Named(None, name) if name.split(' ').all(|word| TYPE_WORDS.contains(&word)));
    match kind {
        CastKind::Dynamic | CastKind::Reinterpret => None,
        _ if of_values => Some(Binding::Value),
        CastKind::Static => Some(Binding::Nothing),
        CastKind::Plain => (!of_words()).then_some(Binding::Bytes),
    }
}

/// A cast; one to a reference is what the pointer to the same leads to.
pub(super) fn cast(kind: CastKind, ty: TypeName, mut operand: Expr, span: Span) -> Parsed<Expr> {
    let at = operand.span;
    let (ty, referred) = match ty.kind {
        TypeKind::Reference(to, of_values) => {
            if let Some(binding) = referent(kind, &to, of_values) {
                return Expr::new(ExprKind::ReferenceCast(*to, binding, Box::new(operand)), span);
            }
            operand = Expr::new(ExprKind::Unary(Unary::AddressOf, Box::new(operand)), at)?;
            let kind = TypeKind::Pointer(to);
            (TypeName { kind, span: ty.span }, true)
        }
        _ => (ty, false),
    };
    if kind == CastKind::Reinterpret {
        let kind = TypeKind::Named(None, "void".to_string());
        let kind = TypeKind::Pointer(Box::new(TypeName { kind, span: at }));
        operand = Expr::new(ExprKind::Cast(TypeName { kind, span: at }, Box::new(operand)), at)?;
    }
    let kind = match kind {
        CastKind::Dynamic => ExprKind::DynamicCast(ty, Box::new(operand)),
        _ => ExprKind::Cast(ty, Box::new(operand)),
    };
    let expr = Expr::new(kind, span)?;
    match referred {
        true => Expr::new(ExprKind::Unary(Unary::Deref, Box::new(expr)), span),
        false => Ok(expr),
    }
}
