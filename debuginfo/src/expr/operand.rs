//! Operands and results: objects of a type at a place, literals, texts and functions; and reading them.
//!
//! # Invariants
//! - What cannot be read is [`Failure::Absent`] with the operand's place in the text, never a number.
//! - References and wrappers are looked through a bounded number of times.

use super::Eval;
use super::error::{Failure, Span, wrong};
use super::number::{Kind, Number, Scalar};
use super::types::{Form, Ty, named, scalar_of};
use crate::dwarf::types::{PointerKind, Shape, Type, array_name};
use crate::value::View;
use crate::{Availability, Language, Place};
use std::sync::Arc;

/// Wrappers (references, smart pointers, new types) that are looked through on the way to a value.
pub(super) const WRAPPER_LIMIT: usize = 8;

/// What an expression stands for.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    /// A value of a type; in memory it has an address.
    Object { ty: Ty, place: Place },
    /// A number that has no type of its own yet.
    Literal(Number),
    /// Text as written.
    Text(Vec<u8>),
    /// A function by index.
    Function(u32),
    /// A reference of the host.
    Reference(u64),
    /// `.name`: an enumerator of what it meets.
    Enumerator(String),
    /// The pointer to nothing.
    Null,
}

/// A pointer that was read.
pub(crate) struct Pointer {
    /// What it points to; `None`: nothing in particular.
    pub to: Option<Ty>,
    pub address: u64,
    /// The pointer's own type.
    pub ty: Ty,
}

impl Eval<'_> {
    /// What can be done with a type.
    pub fn form(&self, ty: &Ty) -> Form {
        let id = match ty {
            Ty::Scalar(scalar, _) => return Form::Number(*scalar),
            Ty::Pointer(to) => return Form::Pointer(to.as_ref().map(|to| (**to).clone())),
            Ty::Array(element, count) => {
                return Form::Array {
                    element: (**element).clone(),
                    count: Some(*count),
                };
            }
            Ty::Row { array, from } => return self.row(*array, *from),
            // C widens a bit-field by the bits it has.
            Ty::Field(id, bits) => {
                let narrow = |scalar| Scalar {
                    width: *bits,
                    ..scalar
                };
                return match self.form(&Ty::Die(*id)) {
                    Form::Number(scalar) if *bits < 32 => Form::Number(narrow(scalar)),
                    Form::Enum(scalar) if *bits < 32 => Form::Enum(narrow(scalar)),
                    form => form,
                };
            }
            Ty::Die(id) => *id,
        };
        let Some(full) = self.values.strip(id) else {
            return Form::Other;
        };
        match &full.shape {
            Shape::Base { .. } => scalar_of(&full).map_or(Form::Other, Form::Number),
            Shape::Enum {
                underlying,
                enumerators,
                scoped,
            } => {
                let size = self.values.size(id).unwrap_or(4).clamp(1, 16);
                let width = u32::try_from(size.saturating_mul(8)).unwrap_or(32);
                // C++ widens one that nobody fixed a type for to `int`, if that holds its enumerators.
                let own = || {
                    underlying.is_none_or(|ty| {
                        self.values
                            .get(ty)
                            .is_some_and(|ty| matches!(ty.shape, Shape::Base { .. }))
                    })
                };
                let is_int = full.language == Language::Cpp
                    && (size, *scoped) == (4, false)
                    && enumerators.iter().all(|(_, value)| i32::try_from(*value).is_ok())
                    && own();
                let kind = if is_int || self.values.is_signed(id) {
                    Kind::Signed
                } else {
                    Kind::Unsigned
                };
                Form::Enum(Scalar {
                    kind,
                    width,
                    size,
                    long: false,
                })
            }
            Shape::Pointer { to, kind } => match (kind, to) {
                // What Rust calls a reference or a box stands for what it leads to.
                (PointerKind::Pointer, Some(to)) if self.values.is_transparent(&full) => {
                    Form::Reference(Ty::Die(*to))
                }
                (PointerKind::Pointer, to) => Form::Pointer(to.map(Ty::Die)),
                (_, Some(to)) => Form::Reference(Ty::Die(*to)),
                (_, None) => Form::Other,
            },
            Shape::Array { .. } => self.row(full.id, 0),
            Shape::Record { .. } => Form::Record(full),
            Shape::Function { .. } => Form::Function,
            Shape::Alias { .. } | Shape::Opaque | Shape::MemberPointer { .. } => Form::Other,
        }
    }

    /// An array of which `from` dimensions are used up.
    fn row(&self, array: crate::dwarf::DieId, from: usize) -> Form {
        let Some(full) = self.values.strip(array) else {
            return Form::Other;
        };
        let Shape::Array { element, dimensions } = &full.shape else {
            return Form::Other;
        };
        let Some((count, inner)) = dimensions.get(from..).and_then(<[_]>::split_first) else {
            return Form::Other;
        };
        let element = if inner.is_empty() {
            Ty::Die(*element)
        } else {
            Ty::Row {
                array,
                from: from.saturating_add(1),
            }
        };
        Form::Array {
            element,
            count: *count,
        }
    }

    /// The size of a type in bytes.
    pub fn size(&self, ty: &Ty) -> Option<u64> {
        match ty {
            Ty::Die(id) | Ty::Field(id, _) => self.values.size(*id),
            Ty::Scalar(scalar, _) => Some(scalar.size),
            Ty::Pointer(_) => Some(self.address_size()),
            Ty::Array(element, count) => self.size(element)?.checked_mul(*count),
            Ty::Row { .. } => match self.form(ty) {
                Form::Array { element, count } => self.size(&element)?.checked_mul(count?),
                _ => None,
            },
        }
    }

    /// A type as the language writes it.
    pub fn type_name(&self, ty: &Ty) -> String {
        match ty {
            Ty::Die(id) | Ty::Field(id, _) => self.values.type_name(*id),
            Ty::Scalar(_, name) => (*name).to_string(),
            Ty::Pointer(to) => {
                let name = to.as_ref().map(|to| self.type_name(to));
                match self.language() {
                    Language::Rust => format!("*const {}", name.as_deref().unwrap_or("()")),
                    Language::Zig => format!("*{}", name.as_deref().unwrap_or("anyopaque")),
                    _ => {
                        let name = name.unwrap_or_else(|| "void".to_string());
                        let behind = match to.as_ref().map(|to| self.form(to)) {
                            Some(Form::Array { .. }) => bounds(&name),
                            Some(Form::Function) => parameters(&name),
                            _ => None,
                        };
                        // What C writes behind a name stands outside the star.
                        match behind.and_then(|at| name.split_at_checked(at)) {
                            Some((before, behind)) => format!("{} (*){behind}", before.trim_end()),
                            None if name.ends_with('*') => format!("{name}*"),
                            None => format!("{name} *"),
                        }
                    }
                }
            }
            Ty::Array(element, count) => {
                array_name(self.language(), self.type_name(element), &[Some(*count)])
            }
            Ty::Row { array, from } => {
                let Some(full) = self.values.strip(*array) else {
                    return "?".to_string();
                };
                let Shape::Array { element, dimensions } = &full.shape else {
                    return "?".to_string();
                };
                let inner = dimensions.get(*from..).unwrap_or(&[]);
                array_name(self.language(), self.values.type_name(*element), inner)
            }
        }
    }

    /// A number as a result: of the type its language gives it.
    pub fn result(&self, number: Number) -> Operand {
        if matches!(number.scalar.kind, Kind::Literal | Kind::FloatLiteral) {
            return Operand::Literal(number);
        }
        self.typed(number, named(number.scalar, self.language()))
    }

    /// A number of a type with this name.
    pub fn typed(&self, number: Number, name: &'static str) -> Operand {
        Operand::Object {
            ty: Ty::Scalar(number.scalar, name),
            place: Place::Bytes(number.bytes()),
        }
    }

    /// A pointer as a result.
    pub fn pointer_to(&self, to: Option<Ty>, address: u64) -> Operand {
        self.address_as(Ty::Pointer(to.map(Arc::new)), address)
    }

    /// An address as a value of a pointer type.
    pub fn address_as(&self, ty: Ty, address: u64) -> Operand {
        let len = usize::try_from(self.size(&ty).unwrap_or(4)).unwrap_or(4).min(8);
        let bytes = address.to_le_bytes();
        Operand::Object {
            ty,
            place: Place::Bytes(bytes.get(..len).unwrap_or(&bytes).to_vec()),
        }
    }

    /// An address cut to the size that addresses have.
    pub fn wrapped(&self, address: u64) -> u64 {
        match self.address_size() {
            4 => address & 0xffff_ffff,
            _ => address,
        }
    }

    /// What a reference, or a wrapper with one value inside, leads to; else the object itself.
    pub fn behind(&self, operand: Operand, span: Span) -> Result<Operand, Failure> {
        let Operand::Object { mut ty, mut place } = operand else {
            return Ok(operand);
        };
        for _ in 0..WRAPPER_LIMIT {
            match self.form(&ty) {
                Form::Reference(to) => (ty, place) = (to, self.led_to(&ty, &place, span)?),
                Form::Record(full) => match self.values.view(&full, &place) {
                    Some(Ok(View::Same { ty: inner, place: at })) if inner != full.id => {
                        (ty, place) = (Ty::Die(inner), at);
                    }
                    Some(Err(why)) => return Err(Failure::Absent(span, why)),
                    _ => break,
                },
                _ => break,
            }
        }
        Ok(Operand::Object { ty, place })
    }

    /// What Zig's pointer to one array or slice is indexed as: that; nothing for any other type.
    pub fn indexed_as(&self, ty: &Ty) -> Option<Ty> {
        let Form::Pointer(Some(to)) = self.form(ty) else {
            return None;
        };
        let one = self.language() == Language::Zig && self.type_name(ty).starts_with('*');
        (one && matches!(self.form(&to), Form::Array { .. } | Form::Record(_))).then_some(to)
    }

    /// What elements are asked of: what lies [`behind`](Self::behind) an operand.
    pub fn with_elements(&self, operand: Operand, span: Span) -> Result<Operand, Failure> {
        match self.behind(operand, span)? {
            Operand::Object { ty, place } => match self.indexed_as(&ty) {
                Some(to) => {
                    let address = self.address(&ty, &place, span)?;
                    if address == 0 {
                        return wrong(span, "the pointer is null");
                    }
                    let place = Place::Memory(address);
                    self.behind(Operand::Object { ty: to, place }, span)
                }
                None => Ok(Operand::Object { ty, place }),
            },
            other => Ok(other),
        }
    }

    /// What a reference refers to; else the object itself.
    pub fn referred(&self, operand: Operand, span: Span) -> Result<Operand, Failure> {
        match operand {
            Operand::Object { ty, place } => match self.form(&ty) {
                Form::Reference(to) => Ok(Operand::Object {
                    place: self.led_to(&ty, &place, span)?,
                    ty: to,
                }),
                _ => Ok(Operand::Object { ty, place }),
            },
            other => Ok(other),
        }
    }

    /// Where a pointer or reference leads.
    pub fn led_to(&self, ty: &Ty, place: &Place, span: Span) -> Result<Place, Failure> {
        match place {
            Place::Target(target) => Ok((**target).clone()),
            place => self.address(ty, place, span).map(Place::Memory),
        }
    }

    /// The address that a pointer or reference holds.
    pub fn address(&self, ty: &Ty, place: &Place, span: Span) -> Result<u64, Failure> {
        let len = self.size(ty).unwrap_or_else(|| self.address_size());
        let address = self.values.number(place, 0, len);
        address.map_err(|why| Failure::Absent(span, why))
    }

    /// The operand as a pointer; `None` if it is none. Arrays count as the address of their first element.
    pub fn pointer(&self, operand: &Operand, span: Span) -> Result<Option<Pointer>, Failure> {
        let Operand::Object { ty, place } = self.behind(operand.clone(), span)? else {
            return Ok(None);
        };
        Ok(match self.form(&ty) {
            Form::Pointer(to) => Some(Pointer {
                address: self.address(&ty, &place, span)?,
                to,
                ty,
            }),
            Form::Array { element, .. } => place.address().map(|address| Pointer {
                ty: Ty::Pointer(Some(Arc::new(element.clone()))),
                to: Some(element),
                address,
            }),
            _ => None,
        })
    }

    /// The operand as a number; pointers count as their address.
    pub fn number(&self, operand: &Operand, span: Span) -> Result<Number, Failure> {
        let (ty, place) = match self.behind(operand.clone(), span)? {
            Operand::Object { ty, place } => (ty, place),
            Operand::Literal(number) => return Ok(number),
            Operand::Null => return Ok(Number::int(Scalar::LITERAL, 0)),
            Operand::Text(_) => return wrong(span, "a text is not a number"),
            Operand::Function(_) => return wrong(span, "a function is not a number"),
            Operand::Reference(_) => return wrong(span, "a reference is not a number"),
            Operand::Enumerator(name) => {
                return wrong(
                    span,
                    format!("'{}' needs a value of its enumeration beside it", written(&name)),
                );
            }
        };
        match self.form(&ty) {
            Form::Number(scalar) | Form::Enum(scalar) => {
                let bytes = self.values.bytes(&place, 0, scalar.size);
                let bytes = bytes.map_err(|why| Failure::Absent(span, why))?;
                Ok(Number::of_bytes(scalar, &bytes))
            }
            Form::Pointer(_) => {
                let address = self.address(&ty, &place, span)?;
                Ok(self.address_number(address))
            }
            _ => wrong(span, format!("'{}' is not a number", self.type_name(&ty))),
        }
    }

    /// An address as a number.
    pub fn address_number(&self, address: u64) -> Number {
        Number::new(Scalar::unsigned(self.address_bits()), u128::from(address))
    }

    /// Whether the operand counts as true.
    pub fn truth(&self, operand: &Operand, span: Span) -> Result<bool, Failure> {
        match operand {
            Operand::Null => Ok(false),
            Operand::Reference(_) => Ok(true),
            // True for every function: hardly what is meant.
            Operand::Function(_) => wrong(span, "a function is neither true nor false"),
            operand => match self.pointer(operand, span)? {
                Some(pointer) => Ok(pointer.address != 0),
                None => self.number(operand, span).map(|number| number.truth()),
            },
        }
    }

    /// An element, member or the like: a part of a place.
    pub fn part(&self, place: &Place, offset: u64, len: Option<u64>, span: Span) -> Result<Place, Failure> {
        let part = self.values.part(place, offset, len);
        part.map_err(|why| Failure::Absent(span, why))
    }

    /// The view of a record.
    pub fn view(&self, full: &Arc<Type>, place: &Place) -> Option<Result<View<'_>, Availability>> {
        match &full.shape {
            Shape::Record {
                variants: Some(part), ..
            } => Some(self.values.variant(part, place)),
            _ => self.values.view(full, place),
        }
    }
}

/// An enumerator as Zig writes it alone; errors have their dot.
pub(super) fn written(name: &str) -> String {
    match name.contains('.') {
        true => name.to_string(),
        false => format!(".{name}"),
    }
}

/// Where the bounds at the end of an array's name begin.
fn bounds(name: &str) -> Option<usize> {
    let mut rest = name;
    while rest.ends_with(']') {
        rest = rest.get(..rest.rfind('[')?)?;
    }
    (rest.len() < name.len()).then_some(rest.len())
}

/// Where the parameters at the end of a function's type begin.
fn parameters(name: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in name.char_indices().rev() {
        match c {
            ')' => depth = depth.saturating_add(1),
            '(' if depth == 1 => return Some(at),
            '(' => depth = depth.saturating_sub(1),
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}
