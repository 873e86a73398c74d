//! Expressions: of watches, conditions, logpoints and hovers, in the language of the frame.
//!
//! `lex` cuts text into tokens, `parse` makes a tree (`ast`) of them, `eval` walks it over `operand`s: objects of
//! a type at a place. `compile` walks it before there is a frame, and makes code of plain conditions (`code`). `access` gets from object to object, `entries` to
//! elements of what is no array, `cast` from type to type, `number` is arithmetic,
//! `text` compares texts, `variants` enumerations, `nearby` and `this` say what a bare name means, `raw` reads the module without debug information, `show` makes nodes of results. What
//! names mean is asked of a `scope`.
//!
//! # Invariants
//! - Nothing is written, nothing of the guest is called.
//! - Length, depth and reads are bounded, whatever the text.
//! - An operand that is not there makes the result absent, with its name; it never becomes a number.
//! - What is wrong has a place in the text.

mod access;
mod ast;
mod cast;
mod code;
mod compile;
mod constants;
mod entries;
pub(crate) mod error;
mod eval;
mod lex;
pub(crate) mod names;
mod nearby;
mod number;
mod operand;
mod parse;
mod parse_cast;
mod parse_type;
mod raw;
pub(crate) mod scope;
mod show;
mod text;
mod this;
mod types;
mod variants;

pub(crate) use ast::Tag;
pub use code::TEMPORARIES;
pub(crate) use compile::Nowhere;

use crate::target::FrameTypes;
use crate::value::Values;
use crate::{Language, ValueNode};
use error::{ExpressionError, Failure, located};
use scope::Scope;

/// What an expression is evaluated with.
pub(crate) struct Eval<'a> {
    values: &'a Values<'a>,
    scope: &'a dyn Scope,
    text: &'a str,
}

impl Eval<'_> {
    fn language(&self) -> Language {
        self.scope.language()
    }

    fn address_size(&self) -> u64 {
        self.scope.address_size()
    }

    /// Bits of an address, and of C's `long`.
    fn address_bits(&self) -> u32 {
        if self.address_size() == 8 { 64 } else { 32 }
    }

    fn parse(&self) -> Result<ast::Expr, ExpressionError> {
        parse::parse(self.text, &Names(self.scope)).map_err(|failure| self.error(failure))
    }

    fn error(&self, failure: Failure) -> ExpressionError {
        let (span, message) = self.why(failure);
        located(self.text, span, message)
    }
}

/// What the parser asks of names.
struct Names<'a>(&'a dyn Scope);

impl parse::Words for Names<'_> {
    fn language(&self) -> Language {
        self.0.language()
    }

    fn is_type(&self, name: &str) -> bool {
        let variable = || self.0.local(name).is_some() || self.0.global(name).is_some();
        let known = || {
            types::builtin(name, self.0.language(), self.0.address_size()).is_some()
                || self.0.type_named(None, name).is_some()
        };
        !name.is_empty() && !variable() && known()
    }
}

/// The value of an expression as a node named after it.
pub(crate) fn evaluate(
    values: &Values<'_>,
    scope: &dyn Scope,
    text: &str,
) -> Result<ValueNode, ExpressionError> {
    let eval = Eval { values, scope, text };
    let expr = eval.parse()?;
    let name = text.trim();
    match eval.walk(&expr) {
        Ok(operand) => Ok(eval.show(name, operand)),
        Err(Failure::Absent(at, why)) => {
            let mut node = eval.absent(name, at, expr.span, why);
            // A variable keeps its type.
            if let ast::ExprKind::Name(variable) = &expr.kind
                && let Some(found) = scope.local(variable).or_else(|| scope.global(variable))
            {
                node.type_name = values.type_name(found.ty);
                node.len_bytes = values.size(found.ty);
            }
            Ok(node)
        }
        Err(failure) => Err(eval.error(failure)),
    }
}

/// Code that says whether an expression holds; `None` if that is not compiled.
pub(crate) fn code(
    values: &Values<'_>,
    scope: &dyn Scope,
    text: &str,
    types: &FrameTypes,
) -> Option<Vec<u8>> {
    let eval = Eval { values, scope, text };
    // Addresses are those of a memory with 32 of them.
    if eval.address_size() != 4 {
        return None;
    }
    let expr = eval.parse().ok()?;
    let code = compile::Compiler::new(&eval, types)?.condition(&expr)?;
    Some(code.finish())
}

/// Whether an expression holds; an operand that is not there is an error here.
pub(crate) fn holds(values: &Values<'_>, scope: &dyn Scope, text: &str) -> Result<bool, ExpressionError> {
    let eval = Eval { values, scope, text };
    let expr = eval.parse()?;
    eval.condition(&expr).map_err(|failure| eval.error(failure))
}
