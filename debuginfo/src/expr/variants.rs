//! Comparing with the variants of enumerations: Rust's by name and with what is in them (`Some(1)`, `State::Idle`), Zig's
//! tags and errors (`.idle`, `error.BadChar`).
//!
//! # Invariants
//! - A name that the type has not is an error, never merely unequal.
//! - A name alone compares the variant, whatever is in it.

use super::Eval;
use super::ast::{Binary, Expr, ExprKind};
use super::error::{Failure, Span, wrong};
use super::names::names;
use super::operand::{Operand, WRAPPER_LIMIT};
use super::types::{Form, Ty};
use crate::dwarf::types::{Member, Shape, Type, VariantPart};
use crate::value::View;
use crate::value::read::Located;
use crate::{Language, Place};

/// How Zig's debug information begins the names of errors.
const ERROR: &str = "error.";

/// A value of an enumeration of Rust whose variants may hold something.
struct Enumeration<'a> {
    name: String,
    part: &'a VariantPart,
    place: Place,
}

impl Eval<'_> {
    /// Equality of Rust with a variant as it is written; `None` if neither side is one.
    pub fn equals_variant(&self, left: &Expr, right: &Expr) -> Result<Option<bool>, Failure> {
        let (written, other) = match (self.is_written_variant(left), self.is_written_variant(right)) {
            (_, true) => (right, left),
            (true, false) => (left, right),
            (false, false) => return Ok(None),
        };
        let operand = self.walk(other)?;
        self.is_variant(operand, other.span, written).map(Some)
    }

    /// Whether an expression can only be a variant: what its name is otherwise, the debug information does not know.
    fn is_written_variant(&self, expr: &Expr) -> bool {
        let path = match &expr.kind {
            _ if self.language() != Language::Rust => return false,
            ExprKind::Made(..) => return true,
            ExprKind::Name(path) => path,
            _ => return false,
        };
        let last = path.rsplit("::").next().unwrap_or(path);
        // Variants with something in them are functions, too.
        let unknown = || matches!(self.known(path, expr.span), None | Some(Ok(Operand::Function(_))));
        last.starts_with(char::is_uppercase) && unknown()
    }

    fn is_variant(&self, operand: Operand, span: Span, written: &Expr) -> Result<bool, Failure> {
        let (path, arguments) = match &written.kind {
            ExprKind::Name(path) => (path, None),
            ExprKind::Made(path, arguments) => (path, Some(arguments)),
            _ => return wrong(written.span, "this is no variant"),
        };
        let Operand::Object { ty, place } = self.enumeration(operand, span)? else {
            return wrong(span, "this is of no enumeration");
        };
        let form = self.form(&ty);
        let Some(of) = enumeration_of(self, &form, &ty, place) else {
            // Then the name is just one that nothing has.
            return match arguments {
                None => self
                    .walk(written)
                    .and_then(|_| wrong(written.span, "this is no value")),
                Some(_) => wrong(span, format!("'{}' is no enumeration", self.type_name(&ty))),
            };
        };
        let (within, name) = path.rsplit_once("::").unwrap_or(("Self", path));
        let own = of.name.split('<').next().unwrap_or(&of.name);
        let listed = of
            .part
            .variants
            .iter()
            .filter_map(|variant| variant.members.first());
        let known = listed
            .filter_map(|member| member.name.as_deref())
            .any(|known| known == name);
        if !known || within != "Self" && !names(own, within) {
            return wrong(written.span, format!("'{}' has no variant '{path}'", of.name));
        }
        let (chosen, members, place) = match self.values.variant(of.part, &of.place) {
            Ok(View::Variant { name, members, place }) => (name, members, place),
            Ok(_) => return wrong(span, format!("'{}' is no enumeration", of.name)),
            Err(why) => return Err(Failure::Absent(span, why)),
        };
        let Some(arguments) = arguments.filter(|_| chosen == name) else {
            return Ok(chosen == name);
        };
        if members.len() != arguments.len() {
            let why = format!("'{path}' holds {} values, not {}", members.len(), arguments.len());
            return wrong(written.span, why);
        }
        for (member, argument) in members.iter().zip(arguments) {
            let held = self.held(member, &place, span)?;
            let equal = match self.is_written_variant(argument) {
                true => self.is_variant(held, span, argument)?,
                false => {
                    let wanted = self.walk(argument)?;
                    self.equals(&held, span, &wanted, argument.span)?
                }
            };
            if !equal {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn held(&self, member: &Member, place: &Place, span: Span) -> Result<Operand, Failure> {
        match self.values.member(place, member) {
            Ok(Located::Place(place)) => Ok(Operand::Object {
                ty: Ty::Die(member.ty),
                place,
            }),
            Ok(Located::Bits(_)) => wrong(span, "a variant holds no bit-fields"),
            Err(why) => Err(Failure::Absent(span, why)),
        }
    }

    fn equals(&self, a: &Operand, a_span: Span, b: &Operand, b_span: Span) -> Result<bool, Failure> {
        let equal = self.binary(Binary::Equal, (a, a_span), (b, b_span), b_span)?;
        self.truth(&equal, b_span)
    }

    /// What references and wrappers lead to, up to an enumeration.
    fn enumeration(&self, mut operand: Operand, span: Span) -> Result<Operand, Failure> {
        for _ in 0..WRAPPER_LIMIT {
            let Operand::Object { ty, place } = &operand else {
                break;
            };
            operand = match self.form(ty) {
                Form::Reference(to) => Operand::Object {
                    place: self.led_to(ty, place, span)?,
                    ty: to,
                },
                Form::Record(full) if variants_of(&full).is_none() => match self.values.view(&full, place) {
                    Some(Ok(View::Same { ty, place })) if ty != full.id => Operand::Object {
                        ty: Ty::Die(ty),
                        place,
                    },
                    _ => break,
                },
                _ => break,
            };
        }
        Ok(operand)
    }

    /// Whether a value is the enumerator or error of this name, or a tagged union the variant.
    pub fn enumerator_is(&self, operand: &Operand, span: Span, name: &str) -> Result<bool, Failure> {
        let mut operand = self.referred(operand.clone(), span)?;
        let of_error = name.starts_with(ERROR);
        for _ in 0..WRAPPER_LIMIT {
            let Operand::Object { ty, place } = &operand else {
                return wrong(span, "this is of no enumeration");
            };
            let Form::Record(full) = self.form(ty) else { break };
            // What holds no error or nothing at all is no error, and no enumerator.
            let own_name = full.name.as_deref().unwrap_or("");
            let error_union = of_error && own_name.contains('!');
            let optional = own_name.starts_with('?');
            operand = match self.view(&full, place) {
                Some(Ok(View::Variant { name: chosen, .. })) if !of_error => {
                    return match self.tags(&full).contains(&name.to_string()) {
                        true => Ok(chosen.strip_prefix('.').unwrap_or(&chosen) == name),
                        false => wrong(span, format!("'{}' has no '{name}'", self.type_name(ty))),
                    };
                }
                Some(Ok(View::Same { ty, place })) if ty != full.id && (error_union || optional) => {
                    let inner = Ty::Die(ty);
                    if error_union && !optional && !self.is_error(&inner) {
                        return Ok(false);
                    }
                    Operand::Object { ty: inner, place }
                }
                Some(Ok(View::Word(_))) if error_union || optional => return Ok(false),
                Some(Err(why)) => return Err(Failure::Absent(span, why)),
                _ => return wrong(span, "this is of no enumeration"),
            };
        }
        let Operand::Object { ty, .. } = &operand else {
            return wrong(span, "this is of no enumeration");
        };
        let Ty::Die(id) = ty else {
            return wrong(span, "this is of no enumeration");
        };
        let full = self.values.strip(*id);
        let Some(Shape::Enum { enumerators, .. }) = full.as_ref().map(|full| &full.shape) else {
            return wrong(span, "this is of no enumeration");
        };
        match enumerators.iter().find(|(known, _)| known == name) {
            Some((_, value)) => Ok(self.number(&operand, span)?.value() == i128::from(*value)),
            None => wrong(span, format!("'{}' has no '{name}'", self.type_name(ty))),
        }
    }

    /// The names that a tagged union can have.
    fn tags(&self, union: &Type) -> Vec<String> {
        match &union.shape {
            Shape::Record {
                variants: Some(part), ..
            } => {
                let members = part.variants.iter().filter_map(|variant| variant.members.first());
                members.filter_map(|member| member.name.clone()).collect()
            }
            Shape::Record { members, .. } => {
                let tag = members
                    .iter()
                    .find(|member| member.name.as_deref() == Some("tag"));
                let tag = tag.and_then(|tag| self.values.strip(tag.ty));
                match tag.as_deref().map(|tag| &tag.shape) {
                    Some(Shape::Enum { enumerators, .. }) => {
                        enumerators.iter().map(|(name, _)| name.clone()).collect()
                    }
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    /// Whether values of a type are errors of Zig.
    fn is_error(&self, ty: &Ty) -> bool {
        let Ty::Die(id) = ty else { return false };
        let full = self.values.strip(*id);
        matches!(
            full.as_deref().map(|full| &full.shape),
            Some(Shape::Enum { enumerators, .. }) if enumerators.iter().any(|(name, _)| name.starts_with(ERROR))
        )
    }
}

fn variants_of(ty: &Type) -> Option<&VariantPart> {
    match &ty.shape {
        Shape::Record { variants, .. } => variants.as_ref(),
        _ => None,
    }
}

fn enumeration_of<'a>(eval: &Eval<'_>, form: &'a Form, ty: &Ty, place: Place) -> Option<Enumeration<'a>> {
    match form {
        Form::Record(full) => Some(Enumeration {
            name: eval.type_name(ty),
            part: variants_of(full)?,
            place,
        }),
        _ => None,
    }
}
