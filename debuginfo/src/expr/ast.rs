//! The tree of an expression: what was written, with the place of every part.
//!
//! # Invariants
//! - A tree is at most [`DEPTH_LIMIT`] deep, so walking and dropping it is safe on any stack.
//!
//! Must not know: types and values.

use super::error::{Failure, Span, wrong};
use super::lex::Literal;

/// Deepest tree.
pub(crate) const DEPTH_LIMIT: usize = 100;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expr {
    pub kind: ExprKind,
    pub span: Span,
    depth: usize,
}

/// What it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ExprKind {
    Literal(Literal),
    Text(Vec<u8>),
    /// A variable, constant or function; with `::` if it is a path.
    Name(String),
    /// `.red`: an enumerator of whatever it is compared with.
    Enumerator(String),
    /// Rust's `Some(a)`: a variant with what is in it.
    Made(String, Vec<Expr>),
    /// `a.b` and `a->b`; with the place of the name.
    Member(Box<Expr>, String, Span),
    Index(Box<Expr>, Box<Expr>),
    /// `a[first..end]`
    Slice(Box<Expr>, Bounds),
    Unary(Unary, Box<Expr>),
    Binary(Binary, Box<Expr>, Box<Expr>),
    Choice(Box<Expr>, Box<Expr>, Box<Expr>),
    Cast(TypeName, Box<Expr>),
    /// A cast to a reference of C++ (`T` of `T &`); numbers of another type are not what it leads to.
    ReferenceCast(TypeName, Binding, Box<Expr>),
    /// `dynamic_cast<T>(x)`
    DynamicCast(TypeName, Box<Expr>),
    SizeOf(Box<Expr>),
    SizeOfType(TypeName),
}

/// What a cast to a reference makes of a number of another type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// A value of the type, as references to what is constant and to values have.
    Value,
    /// What its bytes are as one of the type: `(T &)x`. A type that is constant by itself makes it a value.
    Bytes,
    /// Nothing: `static_cast<T &>(x)`. A type that is constant by itself makes it a value.
    Nothing,
}

/// The bounds of a slice.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bounds {
    pub first: Option<Box<Expr>>,
    pub end: Option<Box<Expr>>,
    /// Whether the end belongs to it.
    pub inclusive: bool,
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unary {
    Plus,
    Minus,
    Not,
    Invert,
    Deref,
    AddressOf,
    /// Zig's `a.?`
    Unwrap,
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    ShiftLeft,
    ShiftRight,
    And,
    Xor,
    Or,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Both,
    Either,
}

impl Binary {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Binary::Add => "+",
            Binary::Subtract => "-",
            Binary::Multiply => "*",
            Binary::Divide => "/",
            Binary::Remainder => "%",
            Binary::ShiftLeft => "<<",
            Binary::ShiftRight => ">>",
            Binary::And => "&",
            Binary::Xor => "^",
            Binary::Or => "|",
            Binary::Equal => "==",
            Binary::NotEqual => "!=",
            Binary::Less => "<",
            Binary::LessEqual => "<=",
            Binary::Greater => ">",
            Binary::GreaterEqual => ">=",
            Binary::Both => "&&",
            Binary::Either => "||",
        }
    }
}

/// What kind of type a C name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Struct,
    Union,
    Enum,
}

/// A type as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TypeName {
    pub kind: TypeKind,
    pub span: Span,
}

/// What it is made of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TypeKind {
    /// A name, or several words of C such as `unsigned long`.
    Named(Option<Tag>, String),
    Pointer(Box<TypeName>),
    /// C++'s `T &`, and whether it can be one to a value: `const T &`, `T &&`.
    Reference(Box<TypeName>, bool),
    Array(Box<TypeName>, u64),
}

impl Expr {
    /// A node over its children; too deep a tree is refused at its outermost node.
    pub fn new(kind: ExprKind, span: Span) -> Result<Expr, Failure> {
        let deepest = match &kind {
            ExprKind::Literal(_)
            | ExprKind::Text(_)
            | ExprKind::Name(_)
            | ExprKind::Enumerator(_)
            | ExprKind::SizeOfType(_) => 0,
            ExprKind::Member(of, ..)
            | ExprKind::Unary(_, of)
            | ExprKind::Cast(_, of)
            | ExprKind::ReferenceCast(_, _, of)
            | ExprKind::DynamicCast(_, of)
            | ExprKind::SizeOf(of) => of.depth,
            ExprKind::Made(_, held) => held.iter().map(|held| held.depth).max().unwrap_or(0),
            ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) => a.depth.max(b.depth),
            ExprKind::Choice(a, b, c) => a.depth.max(b.depth).max(c.depth),
            ExprKind::Slice(of, bounds) => {
                let bound = |bound: &Option<Box<Expr>>| bound.as_ref().map_or(0, |bound| bound.depth);
                of.depth.max(bound(&bounds.first)).max(bound(&bounds.end))
            }
        };
        if deepest >= DEPTH_LIMIT {
            return wrong(span, "the expression has too many parts");
        }
        Ok(Expr {
            kind,
            span,
            depth: deepest.saturating_add(1),
        })
    }
}
