//! The walk over the tree: names, operators and choices.
//!
//! # Invariants
//! - Nothing is written. Operands that are not needed (behind `&&`, `||`, `?`) are not looked at.
//! - Every failure has the place of the operand or operator it is about.

use super::Eval;
use super::ast::{Binary, Expr, ExprKind, Unary};
use super::constants;
use super::error::{Failure, Span, wrong};
use super::lex::Literal;
use super::number::{self, Kind, Number, Rules, Scalar};
use super::operand::{Operand, Pointer};
use super::scope::Found;
use super::types::{Form, Ty, builtin};
use crate::dwarf::types::Shape;
use crate::value::View;
use crate::{Language, Place};
use std::cmp::Ordering;
use std::sync::Arc;

impl Eval<'_> {
    /// The rules of arithmetic in this language.
    pub fn rules(&self) -> Rules {
        match self.language() {
            Language::Rust | Language::Zig => Rules::Exact,
            Language::Cpp => Rules::C { cpp: true },
            Language::C | Language::Wat | Language::Other => Rules::C { cpp: false },
        }
    }

    /// What an expression stands for.
    pub fn walk(&self, expr: &Expr) -> Result<Operand, Failure> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Literal(literal) => self.literal(literal, false, span),
            ExprKind::Text(text) => Ok(Operand::Text(text.clone())),
            ExprKind::Name(name) => self.name(name, span),
            ExprKind::Enumerator(name) => Ok(Operand::Enumerator(name.clone())),
            ExprKind::Made(name, _) => {
                let why =
                    format!("'{name}(...)' is compared with a value of its enumeration, and nothing else");
                wrong(span, why)
            }
            ExprKind::Member(of, name, name_span) => self.member_of(of, name, *name_span, span),
            ExprKind::Index(of, index) => self.index(of, index, span),
            ExprKind::Slice(of, bounds) => self.slice(of, bounds, span),
            // With its suffix, the least number of a type can be written in no other way.
            ExprKind::Unary(Unary::Minus, operand)
                if let ExprKind::Literal(literal @ Literal::Int { suffix, .. }) = &operand.kind
                    && self.rules() == Rules::Exact
                    && !suffix.is_empty() =>
            {
                self.literal(literal, true, span)
            }
            ExprKind::Unary(operator, operand) => self.unary(*operator, operand, span),
            ExprKind::Binary(Binary::Both, left, right) => {
                let truth = self.condition(left)? && self.condition(right)?;
                Ok(self.result(number::truth_value(truth, self.rules())))
            }
            ExprKind::Binary(Binary::Either, left, right) => {
                let truth = self.condition(left)? || self.condition(right)?;
                Ok(self.result(number::truth_value(truth, self.rules())))
            }
            ExprKind::Binary(operator @ (Binary::Equal | Binary::NotEqual), left, right)
                if let Some(equal) = self.equals_variant(left, right).transpose() =>
            {
                let truth = equal? == (*operator == Binary::Equal);
                Ok(self.result(number::truth_value(truth, self.rules())))
            }
            ExprKind::Binary(operator, left, right) => {
                let (a, b) = (self.walk(left)?, self.walk(right)?);
                self.binary(*operator, (&a, left.span), (&b, right.span), span)
            }
            ExprKind::Choice(condition, yes, no) => match self.condition(condition)? {
                true => self.chosen(yes, no),
                false => self.chosen(no, yes),
            },
            ExprKind::Cast(ty, operand) => {
                let to = self.resolve(ty)?;
                let operand_span = operand.span;
                let operand = self.walk(operand)?;
                self.cast(operand, operand_span, to.as_ref(), ty.span)
            }
            ExprKind::ReferenceCast(ty, binding, operand) => {
                let Some(to) = self.resolve(ty)? else {
                    return wrong(ty.span, "there are no references to void");
                };
                let operand_span = operand.span;
                let operand = self.walk(operand)?;
                self.reference_cast(operand, operand_span, &to, ty.span, *binding)
            }
            ExprKind::DynamicCast(ty, operand) => {
                let to = self.resolve(ty)?;
                let operand_span = operand.span;
                let operand = self.walk(operand)?;
                self.dynamic_cast(operand, operand_span, to.as_ref(), ty.span)
            }
            ExprKind::SizeOfType(ty) => {
                let Some(to) = self.resolve(ty)? else {
                    return wrong(ty.span, "void has no size");
                };
                self.size_of(&to, ty.span)
            }
            ExprKind::SizeOf(operand) => self.size_of_operand(operand),
        }
    }

    /// Whether an expression holds.
    pub fn condition(&self, expr: &Expr) -> Result<bool, Failure> {
        let operand = self.walk(expr)?;
        self.truth(&operand, expr.span)
    }

    /// One of two values. In C the other has a say in its type, if it can be had.
    fn chosen(&self, expr: &Expr, other: &Expr) -> Result<Operand, Failure> {
        let operand = self.walk(expr)?;
        if self.rules() == Rules::Exact || self.pointer(&operand, expr.span)?.is_some() {
            return Ok(operand);
        }
        let (Ok(number), Ok(other_operand)) = (self.number(&operand, expr.span), self.walk(other)) else {
            return Ok(operand);
        };
        // The zero beside a pointer is one.
        if let (false, Ok(Some(pointer))) = (number.truth(), self.pointer(&other_operand, other.span)) {
            return Ok(self.address_as(pointer.ty, 0));
        }
        let same = match (&operand, &other_operand) {
            (Operand::Object { ty, .. }, Operand::Object { ty: other, .. }) => ty == other,
            _ => false,
        };
        // C++ keeps a type that both have.
        if same && self.rules() == (Rules::C { cpp: true }) {
            return Ok(operand);
        }
        match self.number(&other_operand, other.span) {
            Ok(other) => match number::met(number, other, self.rules()) {
                Ok(number) => Ok(self.result(number)),
                Err(message) => wrong(expr.span, message),
            },
            Err(_) => Ok(operand),
        }
    }

    /// A literal, or (`negative`) one of Rust or Zig with its suffix behind a minus.
    fn literal(&self, literal: &Literal, negative: bool, span: Span) -> Result<Operand, Failure> {
        let exact = self.rules() == Rules::Exact;
        let suffixed = |suffix: &str| match builtin(suffix, self.language(), self.address_size()) {
            Some(Some(Ty::Scalar(scalar, name))) if exact => Some((scalar, name)),
            _ => None,
        };
        match literal {
            Literal::Char { code, prefix } => {
                let number = |scalar| Number::int(scalar, i128::from(*code));
                // A byte that an escape gave is negative where `char` is signed.
                let plain = number(Scalar::signed(8));
                Ok(match (self.language(), *prefix) {
                    (Language::Rust, "b") => self.typed(number(Scalar::unsigned(8)), "u8"),
                    (Language::Rust, _) => self.typed(number(Scalar::CHAR), "char"),
                    (Language::Zig, _) => Operand::Literal(number(Scalar::LITERAL)),
                    (Language::Cpp, "L") => self.typed(number(Scalar::INT), "wchar_t"),
                    (Language::Cpp, "u8") => self.typed(number(Scalar::unsigned(8)), "char8_t"),
                    (Language::Cpp, "u") => self.typed(number(Scalar::unsigned(16)), "char16_t"),
                    (Language::Cpp, "U") => self.typed(number(Scalar::unsigned(32)), "char32_t"),
                    (Language::Cpp, _) => self.typed(plain, "char"),
                    (_, "L") => self.result(number(Scalar::INT)),
                    (_, "u8") => self.result(number(Scalar::unsigned(8))),
                    (_, "u") => self.result(number(Scalar::unsigned(16))),
                    (_, "U") => self.result(number(Scalar::unsigned(32))),
                    _ => self.result(Number::int(Scalar::INT, plain.value())),
                })
            }
            Literal::Float { value, suffix } => match suffix.as_str() {
                "" if exact => Ok(Operand::Literal(Number::float(Scalar::FLOAT_LITERAL, *value))),
                "" => Ok(self.result(Number::float(Scalar::DOUBLE, *value))),
                "f" if !exact => Ok(self.result(Number::float(Scalar::float(32), *value))),
                suffix => match suffixed(suffix) {
                    Some((scalar, name)) if scalar.is_float() => {
                        Ok(self.typed(Number::float(scalar, *value), name))
                    }
                    _ => wrong(span, format!("'{suffix}' is no suffix of a number here")),
                },
            },
            Literal::Int {
                value,
                suffix,
                decimal,
            } => {
                if exact {
                    let number = match i128::try_from(*value) {
                        Ok(value) => Number::int(Scalar::LITERAL, value),
                        Err(_) => Number::new(Scalar::unsigned(128), *value),
                    };
                    if suffix.is_empty() {
                        return Ok(Operand::Literal(number));
                    }
                    return match suffixed(suffix) {
                        Some((scalar, name)) if matches!(scalar.kind, Kind::Signed | Kind::Unsigned) => {
                            let (bits, sign) = match negative {
                                true => (value.wrapping_neg(), "-"),
                                false => (*value, ""),
                            };
                            let typed = Number::new(scalar, bits);
                            let fits = typed.text() == format!("{sign}{value}");
                            match fits {
                                true => Ok(self.typed(typed, name)),
                                false => wrong(span, format!("{sign}{value} does not fit '{name}'")),
                            }
                        }
                        _ => wrong(span, format!("'{suffix}' is no suffix of a number here")),
                    };
                }
                match self.c_literal(*value, suffix, *decimal) {
                    Some(scalar) => Ok(self.result(Number::new(scalar, *value))),
                    None => wrong(span, "this is no number that C can hold"),
                }
            }
        }
    }

    /// The type that C gives an integer literal: the first of its suffix that holds it.
    fn c_literal(&self, value: u128, suffix: &str, decimal: bool) -> Option<Scalar> {
        let longs = suffix.matches('l').count();
        let unsigned = suffix.matches('u').count();
        if suffix.len() != longs.saturating_add(unsigned) || longs > 2 || unsigned > 1 || suffix == "lul" {
            return None;
        }
        let long_width = self.address_bits();
        let ladder = [
            (0, Scalar::signed(32)),
            (1, Scalar::signed(long_width).long()),
            (2, Scalar::signed(64)),
        ];
        for (rank, signed) in ladder {
            if rank < longs {
                continue;
            }
            let as_unsigned = Scalar {
                kind: Kind::Unsigned,
                ..signed
            };
            if unsigned == 0 && value >> (signed.width - 1) == 0 {
                return Some(signed);
            }
            if (unsigned == 1 || !decimal) && value >> signed.width == 0 {
                return Some(as_unsigned);
            }
        }
        (value >> 64 == 0).then_some(Scalar::unsigned(64))
    }

    /// A variable as an object.
    pub fn found(&self, found: Found, span: Span) -> Result<Operand, Failure> {
        let ty = self.type_of(&found);
        let place = found.place.map_err(|why| Failure::Absent(span, why))?;
        Ok(Operand::Object { ty, place })
    }

    /// The type of a variable, with the lengths that the program computed.
    pub fn type_of(&self, found: &Found) -> Ty {
        let shape = self.values.strip(found.ty).map(|ty| ty.shape.clone());
        let (Some(Shape::Array { element, .. }), Some(lengths)) = (shape, &found.lengths) else {
            return Ty::Die(found.ty);
        };
        let nest = |ty: Ty, length: &u64| Ty::Array(Arc::new(ty), *length);
        lengths.iter().rev().fold(Ty::Die(element), nest)
    }

    fn name(&self, name: &str, span: Span) -> Result<Operand, Failure> {
        if let Some(raw) = name.strip_prefix('$')
            && let Some(operand) = self.raw_slot(raw, span)
        {
            return operand;
        }
        match self.known(name, span) {
            Some(operand) => operand,
            None if self.type_named(None, name).is_some() => {
                wrong(span, format!("'{name}' is a type, not a value"))
            }
            None => wrong(span, format!("there is no variable '{name}' here")),
        }
    }

    /// What a name or path stands for, nearest first; `None` if for nothing.
    pub fn known(&self, name: &str, span: Span) -> Option<Result<Operand, Failure>> {
        if name == "this"
            && let Some(this) = self.this(span)
        {
            return Some(this);
        }
        if let Some(local) = self.scope.local(name) {
            return Some(self.found(local, span));
        }
        // Inside a method of C++, members need no `this->`.
        let member = match name.contains("::") {
            true => self.qualified_member(name, span),
            false => self.member_of_this(name, span),
        };
        if member.is_some() {
            return member;
        }
        if let Some(global) = self.global(name) {
            return Some(self.found(global, span));
        }
        self.static_of_class(name, span)
            .or_else(|| self.lasting(name, span))
    }

    /// What a name that is no variable stands for: the same in every frame.
    pub fn lasting(&self, name: &str, span: Span) -> Option<Result<Operand, Failure>> {
        match (name, self.language()) {
            ("true", _) => return Some(Ok(self.result(number::truth_value(true, self.rules())))),
            ("false", _) => return Some(Ok(self.result(number::truth_value(false, self.rules())))),
            ("NULL" | "nullptr" | "null", _) => return Some(Ok(Operand::Null)),
            _ => {}
        }
        if let Some((ty, value)) = self.enumerator(name) {
            return Some(Ok(self.enumerator_of(ty, value)));
        }
        if self.language() == Language::Rust
            && let Some((number, ty)) = constants::of_path(name, self.address_size())
        {
            return Some(Ok(self.typed(number, ty)));
        }
        self.function_named(name, span)
    }

    fn enumerator_of(&self, ty: crate::dwarf::DieId, value: i64) -> Operand {
        // In C it is an `int`, whatever its enumeration is.
        let ty = match self.rules() == (Rules::C { cpp: false }) && (0..=i64::from(i32::MAX)).contains(&value)
        {
            true => Ty::Field(ty, 31),
            false => Ty::Die(ty),
        };
        let len = usize::try_from(self.size(&ty).unwrap_or(4)).unwrap_or(4).min(16);
        let bytes = i128::from(value).to_le_bytes();
        Operand::Object {
            ty,
            place: Place::Bytes(bytes.get(..len).unwrap_or(&bytes).to_vec()),
        }
    }

    fn unary(&self, operator: Unary, expr: &Expr, span: Span) -> Result<Operand, Failure> {
        let operand = self.walk(expr)?;
        let inner = expr.span;
        let rules = self.rules();
        let number = |answer: Result<Number, String>| match answer {
            Ok(number) => Ok(self.result(number)),
            Err(message) => wrong(span, message),
        };
        match operator {
            Unary::Plus => number(self.number(&operand, inner)?.plus(rules)),
            Unary::Minus => number(self.number(&operand, inner)?.negated(rules)),
            Unary::Invert => number(self.number(&operand, inner)?.inverted(rules)),
            Unary::Not if self.language() == Language::Rust && self.pointer(&operand, inner)?.is_none() => {
                let value = self.number(&operand, inner)?;
                match value.scalar.kind {
                    Kind::Bool => Ok(self.result(Number::bool(!value.truth()))),
                    _ => number(value.inverted(rules)),
                }
            }
            Unary::Not => {
                let truth = self.truth(&operand, inner)?;
                Ok(self.result(number::truth_value(!truth, rules)))
            }
            Unary::Deref if matches!(expr.kind, ExprKind::DynamicCast(..)) => {
                match self.pointer(&operand, inner)? {
                    Some(pointer) if pointer.address == 0 => wrong(
                        inner,
                        "the object is not of this class: dynamic_cast gives the null pointer",
                    ),
                    _ => self.deref(operand, inner),
                }
            }
            Unary::Deref => self.deref(operand, inner),
            Unary::AddressOf => self.address_of(operand, inner),
            Unary::Unwrap => self.unwrap(operand, inner),
        }
    }

    pub fn binary(
        &self,
        operator: Binary,
        (a, a_span): (&Operand, Span),
        (b, b_span): (&Operand, Span),
        span: Span,
    ) -> Result<Operand, Failure> {
        if matches!(operator, Binary::Equal | Binary::NotEqual)
            && let Some(equal) = self.same(a, a_span, b, b_span)?
        {
            let truth = equal == (operator == Binary::Equal);
            return Ok(self.result(number::truth_value(truth, self.rules())));
        }
        let (p, q) = (self.pointer(a, a_span)?, self.pointer(b, b_span)?);
        match (operator, p, q) {
            (Binary::Add, Some(p), None) => self.moved(p, &self.number(b, b_span)?, false, span),
            (Binary::Add, None, Some(q)) => self.moved(q, &self.number(a, a_span)?, false, span),
            (Binary::Subtract, Some(p), None) => self.moved(p, &self.number(b, b_span)?, true, span),
            (Binary::Subtract, Some(p), Some(q)) => self.distance(&p, &q, span),
            (Binary::Add, Some(_), Some(_)) => wrong(span, "two pointers cannot be added"),
            (operator, mut p, mut q) => {
                // Those to a class and its base class meet at the base.
                if let (Some(p), Some(q)) = (&mut p, &mut q) {
                    self.meet(p, a_span, q, b_span)?;
                }
                // Pointers compare as addresses: with each other, and with numbers.
                let side = |pointer: Option<Pointer>, operand: &Operand, span: Span| match pointer {
                    Some(pointer) => Ok(self.address_number(pointer.address)),
                    None => self.number(operand, span),
                };
                let (x, y) = (side(p, a, a_span)?, side(q, b, b_span)?);
                match number::binary(operator, x, y, self.rules()) {
                    Ok(number) => Ok(self.result(number)),
                    Err(message) => wrong(span, message),
                }
            }
        }
    }

    /// A pointer `count` elements on, or back.
    fn moved(&self, pointer: Pointer, count: &Number, back: bool, span: Span) -> Result<Operand, Failure> {
        if count.scalar.is_float() {
            return wrong(span, "a pointer moves by whole elements");
        }
        let address = self.element_address(&pointer, count.value(), back, span)?;
        Ok(self.address_as(pointer.ty, address))
    }

    /// The address `count` elements from a pointer.
    pub fn element_address(
        &self,
        pointer: &Pointer,
        count: i128,
        back: bool,
        span: Span,
    ) -> Result<u64, Failure> {
        let size = self.stride(pointer, span)?;
        let offset = count.wrapping_mul(i128::from(size));
        let offset = if back { offset.wrapping_neg() } else { offset };
        Ok(self.wrapped(i128::from(pointer.address).wrapping_add(offset) as u64))
    }

    /// The size of what a pointer points to; of nothing in particular, a byte.
    fn stride(&self, pointer: &Pointer, span: Span) -> Result<u64, Failure> {
        let Some(to) = &pointer.to else { return Ok(1) };
        if matches!(self.form(to), Form::Function) {
            return wrong(span, "a pointer to a function does not move");
        }
        match self.size(to) {
            Some(size) => Ok(size),
            None => wrong(
                span,
                format!("the size of '{}' is not known here", self.type_name(to)),
            ),
        }
    }

    /// How many elements lie between two pointers.
    fn distance(&self, p: &Pointer, q: &Pointer, span: Span) -> Result<Operand, Failure> {
        let size = self.stride(p, span)?;
        if size == 0 || self.stride(q, span)? != size {
            return wrong(span, "these pointers are not to elements of one size");
        }
        let bytes = i128::from(p.address) - i128::from(q.address);
        if bytes % i128::from(size) != 0 {
            return wrong(
                span,
                format!("the pointers are {bytes} bytes apart, no whole number of elements of {size}"),
            );
        }
        let word = Scalar::signed(self.address_bits()).long();
        let number = Number::int(word, bytes / i128::from(size));
        Ok(match self.rules() {
            Rules::Exact => self.typed(number, "isize"),
            Rules::C { .. } => self.result(number),
        })
    }

    /// Equality of what is more than numbers: texts, strings, functions, enumerators, variants; `None` for all else.
    fn same(&self, a: &Operand, a_span: Span, b: &Operand, b_span: Span) -> Result<Option<bool>, Failure> {
        Ok(match (a, b) {
            (Operand::Text(a), Operand::Text(b)) => Some(a == b),
            (Operand::Text(text), other) => Some(self.text_is(other, b_span, text)?),
            (other, Operand::Text(text)) => Some(self.text_is(other, a_span, text)?),
            (Operand::Enumerator(name), other) => Some(self.enumerator_is(other, b_span, name)?),
            (other, Operand::Enumerator(name)) => Some(self.enumerator_is(other, a_span, name)?),
            (Operand::Function(a), Operand::Function(b)) => Some(a == b),
            (Operand::Function(function), other) => Some(self.calls(other, b_span, *function)?),
            (other, Operand::Function(function)) => Some(self.calls(other, a_span, *function)?),
            (Operand::Null, Operand::Null) => Some(true),
            (Operand::Null, other) => self.is_null(other, b_span)?,
            (other, Operand::Null) => self.is_null(other, a_span)?,
            (a, b) => match (self.string(a, a_span)?, self.string(b, b_span)?) {
                (Some(a), Some(b)) => Some(a.1 == b.1 && self.bytes_are(a, b.0, a_span)?),
                _ => None,
            },
        })
    }

    /// Whether a pointer to a function leads to this one.
    fn calls(&self, operand: &Operand, span: Span, function: u32) -> Result<bool, Failure> {
        match self.pointer(operand, span)? {
            Some(pointer) => Ok(self.values.target.table_function(pointer.address) == Some(function)),
            None => wrong(span, "this is no pointer to a function"),
        }
    }

    /// Whether an optional (or a pointer) is empty; `None` if that is no question.
    fn is_null(&self, operand: &Operand, span: Span) -> Result<Option<bool>, Failure> {
        if let Operand::Object { ty, place } = operand
            && let Form::Record(full) = self.form(ty)
        {
            match self.view(&full, place) {
                Some(Ok(View::Word(word))) => return Ok(Some(word == "null")),
                Some(Ok(View::Same { .. }))
                    if full.name.as_deref().is_some_and(|name| name.starts_with('?')) =>
                {
                    return Ok(Some(false));
                }
                _ => {}
            }
        }
        Ok(self.pointer(operand, span)?.map(|pointer| pointer.address == 0))
    }

    /// Whether a text in the guest is this one.
    fn text_is(&self, operand: &Operand, span: Span, text: &[u8]) -> Result<bool, Failure> {
        let found = self.text(operand, span, text.len().saturating_add(1))?;
        Ok(found.as_slice().cmp(text) == Ordering::Equal)
    }
}
