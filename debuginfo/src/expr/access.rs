//! Getting from one object to another: members, elements, slices, pointers.
//!
//! # Invariants
//! - An index outside an array of known length is an error; one of a pointer is the program's business.
//! - The null pointer is not followed.

use super::Eval;
use super::ast::{Binary, Bounds, Expr, ExprKind};
use super::error::{Failure, Span, wrong};
use super::number::{self, Number, Rules, Scalar};
use super::operand::{Operand, Pointer, WRAPPER_LIMIT};
use super::raw::Raw;
use super::scope::Found;
use super::types::{Form, Ty};
use crate::dwarf::types::{Member, MemberPlace, Shape, Type, each_child};
use crate::value::View;
use crate::value::line::{captured, tuple_field};
use crate::value::read::Located;
use crate::{Availability, Language, Place};
use std::sync::Arc;

/// Unnamed members and base classes inside each other, and how many a search goes into: those of broken debug
/// information can lie in themselves, many times.
const BASE_LIMIT: usize = 8;
const SEARCH_LIMIT: usize = 1024;
/// Classes that are asked for a static member: each time, all variables are looked through.
const STATIC_LIMIT: usize = 32;
/// Entries of a container that are walked.
pub(super) const ENTRY_LIMIT: usize = 1 << 16;
/// Bytes of a text that a slice of it shows.
const TEXT_LIMIT: u64 = 4096;

/// Where elements lie.
pub(crate) struct Elements {
    pub element: Ty,
    pub place: Place,
    /// How many there are, where that is known.
    pub count: Option<u64>,
    /// Whether an index may be negative, or past the end.
    pub pointer: Option<Pointer>,
}

impl Eval<'_> {
    /// `a.b` and `a->b`; a path of namespaces if there is no such variable.
    pub fn member_of(&self, of: &Expr, name: &str, name_span: Span, span: Span) -> Result<Operand, Failure> {
        // Zig writes paths with dots.
        if self.language() == Language::Zig
            && let Some(path) = dotted(of)
        {
            if path == "error" {
                return Ok(Operand::Enumerator(format!("error.{name}")));
            }
            let root = path.split('.').next().unwrap_or("");
            if self.scope.local(root).is_none()
                && let Some(found) = self.known(&format!("{path}.{name}"), span)
            {
                return found;
            }
        }
        let operand = self.walk(of)?;
        match self.member(operand, of.span, name, name_span) {
            // What is absent is the member, not what it is a member of.
            Err(Failure::Absent(at, why)) if at == name_span => Err(Failure::Absent(span, why)),
            other => other,
        }
    }

    /// A member of an object, or of what it points to.
    pub fn member(
        &self,
        operand: Operand,
        span: Span,
        name: &str,
        name_span: Span,
    ) -> Result<Operand, Failure> {
        let Operand::Object { mut ty, mut place } = operand else {
            return wrong(
                name_span,
                format!("there is no member '{name}': it has no members"),
            );
        };
        let none = |ty: &Ty| format!("'{}' has no member '{name}'", self.type_name(ty));
        // `p.x` means `p->x` where `p` is a pointer, a reference to one, or a smart pointer.
        for _ in 0..WRAPPER_LIMIT {
            match self.form(&ty) {
                Form::Record(full) => {
                    let Shape::Record { members, .. } = &full.shape else {
                        return wrong(name_span, none(&ty));
                    };
                    if let Some(found) = self.in_members(members, &place, name, name_span) {
                        return found;
                    }
                    match self.view(&full, &place) {
                        Some(Ok(View::Variant {
                            members, place: at, ..
                        })) => {
                            return match self.in_members(&members, &at, name, name_span) {
                                Some(found) => found,
                                None => wrong(name_span, none(&ty)),
                            };
                        }
                        Some(Ok(View::Same { ty: inner, place: at })) if inner != full.id => {
                            (ty, place) = (Ty::Die(inner), at);
                        }
                        Some(Ok(View::Sequence { len, .. } | View::Text { len, .. })) if name == "len" => {
                            return Ok(self.length(len));
                        }
                        Some(Err(why)) => return Err(Failure::Absent(span, why)),
                        _ => {
                            let found = self.static_member(&full, name, name_span);
                            return found.unwrap_or_else(|| wrong(name_span, none(&ty)));
                        }
                    }
                }
                Form::Array {
                    count: Some(count), ..
                } if name == "len" => return Ok(self.length(count)),
                Form::Pointer(Some(to)) => {
                    (ty, place) = (to, self.led_to(&ty, &place, span)?);
                    if place == Place::Memory(0) {
                        return wrong(span, "the pointer is null");
                    }
                }
                Form::Pointer(None) => return wrong(span, "it points to void"),
                Form::Reference(to) => (ty, place) = (to, self.led_to(&ty, &place, span)?),
                Form::Number(_) | Form::Enum(_) => {
                    return wrong(
                        name_span,
                        format!(
                            "there is no member '{name}': '{}' is a number",
                            self.type_name(&ty)
                        ),
                    );
                }
                Form::Array { .. } | Form::Function | Form::Other => return wrong(name_span, none(&ty)),
            }
        }
        wrong(name_span, none(&ty))
    }

    /// A static member of a class of C++ or of one of its base classes.
    pub fn static_member(&self, class: &Type, name: &str, span: Span) -> Option<Result<Operand, Failure>> {
        let found = self.static_within(class, name, BASE_LIMIT, &mut STATIC_LIMIT.clone())?;
        Some(self.found(found, span))
    }

    fn static_within(&self, class: &Type, name: &str, depth: usize, left: &mut usize) -> Option<Found> {
        let (Language::Cpp, Some(depth)) = (class.language, depth.checked_sub(1)) else {
            return None;
        };
        *left = left.checked_sub(1)?;
        let path = format!("{}::{name}", self.values.type_name(class.id));
        if let Some(found) = self.scope.global(&path).or_else(|| self.declared(class, name)) {
            return Some(found);
        }
        let Shape::Record { members, .. } = &class.shape else {
            return None;
        };
        let mut bases = members.iter().filter(|member| member.base);
        bases.find_map(|base| self.static_within(&*self.values.strip(base.ty)?, name, depth, left))
    }

    /// A static member that a class declares; nothing is left of one that is defined nowhere.
    fn declared(&self, class: &Type, name: &str) -> Option<Found> {
        let units = self.values.units;
        let (unit, entry) = units.entry(class.id)?;
        let mut found = None;
        each_child(unit, &entry, |child| {
            let is_static = matches!(child.tag(), gimli::DW_TAG_member | gimli::DW_TAG_variable)
                && child.attr(gimli::DW_AT_declaration).is_some();
            let own = || units.string(&unit.dwarf, child.attr_value(gimli::DW_AT_name)?);
            if is_static && own().as_deref() == Some(name) {
                let ty = child.attr_value(gimli::DW_AT_type);
                found = ty.and_then(|ty| Some((unit.die(child.offset()), units.reference(unit, ty)?)));
            }
        });
        let (die, ty) = found?;
        Some(Found {
            die,
            ty,
            place: Err(Availability::OptimizedOut),
            lengths: None,
        })
    }

    fn length(&self, len: u64) -> Operand {
        self.size_result(len)
    }

    /// The way to a member by name: the unnamed members and base classes around it, outer first, and itself.
    pub fn way_to(&self, members: &[Member], name: &str) -> Option<(Vec<Member>, Member)> {
        let way = |fits: &dyn Fn(&str) -> bool| {
            self.way_within(members, fits, BASE_LIMIT, &mut SEARCH_LIMIT.clone())
        };
        way(&|own| own == name).or_else(|| {
            // As it is shown: elements of tuples, and what a closure of Rust captured. Others have their names.
            let language = self.language();
            matches!(language, Language::Rust | Language::Zig).then_some(())?;
            way(&|own| {
                let element = tuple_field(own) && own.strip_prefix("__") == Some(name);
                element || (language == Language::Rust && captured(own) == name)
            })
        })
    }

    fn way_within(
        &self,
        members: &[Member],
        fits: &dyn Fn(&str) -> bool,
        depth: usize,
        left: &mut usize,
    ) -> Option<(Vec<Member>, Member)> {
        let depth = depth.checked_sub(1)?;
        let named = |member: &&Member| member.name.as_deref().is_some_and(fits);
        if let Some(member) = members.iter().find(named) {
            return Some((Vec::new(), member.clone()));
        }
        let mut around = members
            .iter()
            .filter(|member| member.name.is_none() || member.base);
        around.find_map(|outer| {
            *left = left.checked_sub(1)?;
            let full = self.values.strip(outer.ty)?;
            let Shape::Record { members, .. } = &full.shape else {
                return None;
            };
            let (mut around, member) = self.way_within(members, fits, depth, left)?;
            around.insert(0, outer.clone());
            Some((around, member))
        })
    }

    /// A member by name, also of unnamed members and base classes.
    fn in_members(
        &self,
        members: &[Member],
        place: &Place,
        name: &str,
        span: Span,
    ) -> Option<Result<Operand, Failure>> {
        let (around, member) = self.way_to(members, name)?;
        let found = self.along(&around, &member, place);
        Some(found.map_err(|why| Failure::Absent(span, why)))
    }

    fn along(&self, around: &[Member], member: &Member, place: &Place) -> Result<Operand, Availability> {
        let mut place = place.clone();
        for outer in around {
            place = match self.values.member(&place, outer)? {
                Located::Place(inner) => inner,
                Located::Bits(_) => {
                    return Err(Availability::Unsupported("members of a bit-field".to_string()));
                }
            };
        }
        let mut ty = Ty::Die(member.ty);
        let bits = match self.values.member(&place, member)? {
            Located::Place(place) => return Ok(Operand::Object { ty, place }),
            Located::Bits(bits) => bits.to_le_bytes(),
        };
        if let MemberPlace::Bits { len, .. } = member.place {
            ty = Ty::Field(member.ty, u32::try_from(len).unwrap_or(64));
        }
        let len = usize::try_from(self.size(&ty).unwrap_or(8)).unwrap_or(8).min(8);
        let place = Place::Bytes(bits.get(..len).unwrap_or(&bits).to_vec());
        Ok(Operand::Object { ty, place })
    }

    /// `*p`
    pub fn deref(&self, operand: Operand, span: Span) -> Result<Operand, Failure> {
        if let Operand::Function(_) = operand {
            return Ok(operand);
        }
        // In Rust a star follows a reference; in C++ what it refers to.
        if let Operand::Object { ty, .. } = &operand
            && self.language() == Language::Rust
            && let Form::Reference(_) = self.form(ty)
        {
            return self.referred(operand, span);
        }
        if let Operand::Object { ty, place } = &operand
            && let Form::Record(full) = self.form(ty)
            && let Some(Ok(View::Same { ty: inner, place })) = self.values.view(&full, place)
            && inner != full.id
            && !matches!(self.form(&Ty::Die(inner)), Form::Pointer(_))
        {
            // A smart pointer whose view is already what it owns; a pinned one is followed with its pin.
            let pinned = full.name.as_deref().is_some_and(|name| name.starts_with("Pin<"));
            let ty = Ty::Die(inner);
            return match pinned {
                true => self.referred(Operand::Object { ty, place }, span),
                false => Ok(Operand::Object { ty, place }),
            };
        }
        if let Operand::Object {
            ty,
            place: place @ Place::Target(_),
        } = &operand
            && let Form::Pointer(Some(to)) = self.form(ty)
        {
            let place = self.led_to(ty, place, span)?;
            return Ok(Operand::Object { ty: to, place });
        }
        let Some(pointer) = self.pointer(&operand, span)? else {
            return match &operand {
                Operand::Object { ty, .. } => {
                    wrong(span, format!("'{}' is not a pointer", self.type_name(ty)))
                }
                Operand::Null => wrong(span, "the pointer is null"),
                _ => wrong(span, "this is not a pointer"),
            };
        };
        let to = self.target(&pointer, span)?;
        Ok(Operand::Object {
            ty: to,
            place: Place::Memory(pointer.address),
        })
        .and_then(|object| self.as_function(object, span))
    }

    /// What a pointer points to, if it can be followed.
    fn target(&self, pointer: &Pointer, span: Span) -> Result<Ty, Failure> {
        let Some(to) = &pointer.to else {
            return wrong(span, "it points to void: cast it to the type that is there");
        };
        if pointer.address == 0 {
            return wrong(span, "the pointer is null");
        }
        Ok(to.clone())
    }

    /// An object of a function's type as the function it is.
    fn as_function(&self, operand: Operand, span: Span) -> Result<Operand, Failure> {
        if let Operand::Object {
            ty,
            place: Place::Memory(index),
        } = &operand
            && matches!(self.form(ty), Form::Function)
        {
            return match self.values.target.table_function(*index) {
                Some(function) => Ok(Operand::Function(function)),
                None => wrong(span, format!("the table has no function at {index:#x}")),
            };
        }
        Ok(operand)
    }

    /// `&x`
    pub fn address_of(&self, operand: Operand, span: Span) -> Result<Operand, Failure> {
        match self.referred(operand, span)? {
            Operand::Function(function) => Ok(Operand::Function(function)),
            Operand::Text(text) => Ok(Operand::Text(text)),
            // A slice is one already.
            Operand::Object {
                ty: ty @ Ty::Array(..),
                place,
            } if self.language() == Language::Rust => Ok(Operand::Object { ty, place }),
            Operand::Object {
                ty,
                place: Place::Memory(address),
            } => Ok(self.pointer_to(Some(ty), address)),
            _ => wrong(span, "it has no address in memory"),
        }
    }

    /// Zig's `a.?`
    pub fn unwrap(&self, operand: Operand, span: Span) -> Result<Operand, Failure> {
        if let Operand::Object { ty, place } = &operand
            && let Form::Record(full) = self.form(ty)
        {
            return match self.values.view(&full, place) {
                Some(Ok(View::Same { ty, place })) if ty != full.id => Ok(Operand::Object {
                    ty: Ty::Die(ty),
                    place,
                }),
                Some(Ok(View::Word(_))) => wrong(span, "it is null"),
                // An optional slice is a slice in the debug information.
                Some(Ok(View::Sequence { .. } | View::Text { .. }))
                    if self.type_name(ty).starts_with('?') =>
                {
                    Ok(operand)
                }
                Some(Err(why)) => Err(Failure::Absent(span, why)),
                _ => wrong(span, format!("'{}' is no optional", self.type_name(ty))),
            };
        }
        // An optional error is an error that can be 0.
        if let Operand::Object { ty, place } = &operand
            && matches!(self.form(ty), Form::Enum(_))
            && let Ty::Die(id) = ty
            && self.type_name(ty).starts_with('?')
        {
            return match (self.number(&operand, span)?.truth(), self.values.strip(*id)) {
                (true, Some(full)) => Ok(Operand::Object {
                    ty: Ty::Die(full.id),
                    place: place.clone(),
                }),
                _ => wrong(span, "it is null"),
            };
        }
        match self.pointer(&operand, span)? {
            Some(pointer) if pointer.address == 0 => wrong(span, "it is null"),
            Some(_) => Ok(operand),
            None => wrong(span, "it is no optional"),
        }
    }

    /// `a[i]`
    pub fn index(&self, of: &Expr, index: &Expr, span: Span) -> Result<Operand, Failure> {
        match self.raw_space(of) {
            Some(Raw::Memory(scalar, name)) => {
                return Ok(Operand::Object {
                    ty: Ty::Scalar(scalar, name),
                    place: Place::Memory(self.raw_address(index)?),
                });
            }
            Some(Raw::Functions) => {
                let function = u32::try_from(self.number_of(index)?).ok();
                let count = self.scope.function_count();
                return match function.filter(|&function| function < count) {
                    Some(function) => Ok(Operand::Function(function)),
                    None => wrong(index.span, format!("there are {count} functions")),
                };
            }
            None => {}
        }
        // Walked once: an index in an index in an index would double the work with each.
        let operand = self.walk(of)?;
        if let Some(entry) = self.entry(&operand, of.span, index)? {
            return Ok(entry);
        }
        let count = self.number_of(index)?;
        if let Some(bit) = self.bit(&operand, of.span, count, index.span)? {
            return Ok(bit);
        }
        let elements = self.elements(operand, of.span)?;
        if let Some(pointer) = &elements.pointer {
            let to = self.target(pointer, of.span)?;
            let address = self.element_address(pointer, count, false, index.span)?;
            let object = Operand::Object {
                ty: to,
                place: Place::Memory(address),
            };
            return self.as_function(object, span);
        }
        let inside = u64::try_from(count)
            .ok()
            .filter(|&index| elements.count.is_none_or(|count| index < count));
        let Some(inside) = inside else {
            return wrong(index.span, outside(count, elements.count));
        };
        let place = self.at(&elements, inside, span)?;
        Ok(Operand::Object {
            ty: elements.element,
            place,
        })
    }

    /// The entry of a container that has to be walked: of a map by its key, of others by position; `None` if it is
    /// no such container.
    fn entry(&self, operand: &Operand, span: Span, index: &Expr) -> Result<Option<Operand>, Failure> {
        let Operand::Object { ty, place } = self.with_elements(operand.clone(), span)? else {
            return Ok(None);
        };
        let Form::Record(full) = self.form(&ty) else {
            return Ok(None);
        };
        let items = match self.view(&full, &place) {
            Some(Ok(View::Entries { items, .. })) => items,
            _ => return Ok(None),
        };
        let wanted = self.walk(index)?;
        let is = |key: Number| {
            let wanted = self.number(&wanted, index.span)?;
            match number::binary(Binary::Equal, key, wanted, self.rules()) {
                Ok(equal) => Ok(equal.truth()),
                Err(message) => wrong(index.span, message),
            }
        };
        for (position, item) in items.enumerate() {
            if position == ENTRY_LIMIT {
                let why =
                    format!("it is not among the first {ENTRY_LIMIT} entries, and no others are walked to");
                return wrong(index.span, why);
            }
            let item = match item {
                Ok(item) => item,
                Err(why) => return Err(Failure::Absent(span, Availability::NotReadable(why))),
            };
            let key = item.key.map(|(ty, place)| Operand::Object {
                ty: Ty::Die(ty),
                place,
            });
            let found = match (key, &wanted) {
                (Some(key), Operand::Text(text)) => {
                    self.text(&key, index.span, text.len().saturating_add(1))? == *text
                }
                (Some(key), _) => is(self.number(&key, index.span)?)?,
                (None, _) => is(Number::int(Scalar::signed(64), position as i128))?,
            };
            if found {
                let (ty, place) = item.value;
                return Ok(Some(Operand::Object {
                    ty: Ty::Die(ty),
                    place,
                }));
            }
        }
        wrong(index.span, "there is no such entry")
    }

    fn number_of(&self, expr: &Expr) -> Result<i128, Failure> {
        let operand = self.walk(expr)?;
        let number = self.number(&operand, expr.span)?;
        if number.scalar.is_float() {
            return wrong(expr.span, "a float is not an index");
        }
        Ok(number.value())
    }

    /// Element `index` of elements.
    fn at(&self, elements: &Elements, index: u64, span: Span) -> Result<Place, Failure> {
        let Some(size) = self.size(&elements.element) else {
            return wrong(span, "the size of its elements is not known");
        };
        let Some(offset) = index.checked_mul(size) else {
            return wrong(span, "this lies outside every memory");
        };
        self.part(&elements.place, offset, Some(size), span)
    }

    /// The elements of an array, of what a pointer points to, of a text or of a sequence.
    fn elements(&self, operand: Operand, span: Span) -> Result<Elements, Failure> {
        let operand = self.with_elements(operand, span)?;
        let Operand::Object { ty, place } = &operand else {
            return match operand {
                Operand::Text(text) => Ok(Elements {
                    element: Ty::Scalar(Scalar::unsigned(8), "char"),
                    count: Some(text.len() as u64),
                    place: Place::Bytes(text),
                    pointer: None,
                }),
                _ => wrong(span, "only arrays and pointers have elements"),
            };
        };
        let at = |element, address, count| Elements {
            element,
            place: Place::Memory(address),
            count: Some(count),
            pointer: None,
        };
        match self.form(ty) {
            Form::Array { element, count } => Ok(Elements {
                element,
                place: place.clone(),
                // The last member of a record can be an array of no length that goes on behind it.
                count: count.filter(|&count| count > 0 || matches!(ty, Ty::Array(..))),
                pointer: None,
            }),
            Form::Pointer(to) => Ok(Elements {
                element: to.clone().unwrap_or(Ty::Scalar(Scalar::unsigned(8), "u8")),
                place: place.clone(),
                count: None,
                pointer: self.pointer(&operand, span)?,
            }),
            Form::Record(full) => match self.view(&full, place) {
                Some(Ok(View::Sequence {
                    element,
                    address,
                    len,
                })) => Ok(at(Ty::Die(element), address, len)),
                Some(Ok(View::Text { address, len })) => {
                    let element = match self.language() {
                        Language::Cpp => self.as_recorded(Ty::Scalar(Scalar::signed(8), "char")),
                        _ => Ty::Scalar(Scalar::unsigned(8), "u8"),
                    };
                    Ok(at(element, address, len))
                }
                Some(Ok(View::Word(_))) if let Some(units) = self.code_units(&full, place) => Ok(units),
                Some(Err(why)) => Err(Failure::Absent(span, why)),
                _ if matches!(place, Place::Partial { .. }) => {
                    Err(Failure::Absent(span, Availability::OptimizedOut))
                }
                _ => wrong(span, format!("'{}' has no elements", self.type_name(ty))),
            },
            _ => wrong(span, format!("'{}' has no elements", self.type_name(ty))),
        }
    }

    /// `a[first..end]`
    pub fn slice(&self, of: &Expr, bounds: &Bounds, span: Span) -> Result<Operand, Failure> {
        let raw = self.raw_space(of);
        if let Some(Raw::Memory(scalar, name)) = raw {
            // Bounds of raw memory are addresses.
            let (Some(first), Some(end)) = (&bounds.first, &bounds.end) else {
                return wrong(span, "both ends of the slice are needed");
            };
            let (first, end) = (self.raw_address(first)?, self.raw_address(end)?);
            let len = end
                .saturating_sub(first)
                .saturating_add(u64::from(bounds.inclusive));
            return Ok(Operand::Object {
                ty: Ty::Array(Arc::new(Ty::Scalar(scalar, name)), len / scalar.size.max(1)),
                place: Place::Memory(first),
            });
        }
        let bound = |bound: &Option<Box<Expr>>| match bound {
            Some(expr) => self.number_of(expr).map(Some),
            None => Ok(None),
        };
        let (first, end) = (bound(&bounds.first)?.unwrap_or(0), bound(&bounds.end)?);
        let end = end.map(|end| end.saturating_add(i128::from(bounds.inclusive)));
        if raw.is_some() {
            return wrong(of.span, "functions are no memory");
        }
        let operand = self.behind(self.walk(of)?, of.span)?;
        if let Some(slice) = self.slice_of_entries(&operand, (first, end), of.span, span)? {
            return Ok(slice);
        }
        let text = self.rules() == Rules::Exact && self.string(&operand, of.span)?.is_some();
        let elements = self.elements(operand, of.span)?;
        let end = match (end, elements.count) {
            (Some(end), _) => end,
            (None, Some(count)) => i128::from(count),
            (None, None) => return wrong(span, "the end of the slice is missing"),
        };
        let len = u64::try_from(end.saturating_sub(first)).ok();
        let Some(len) = len else {
            return wrong(
                span,
                format!("the slice ends at {end}, before its start at {first}"),
            );
        };
        let place = match &elements.pointer {
            Some(pointer) => {
                self.target(pointer, of.span)?;
                Place::Memory(self.element_address(pointer, first, false, span)?)
            }
            None => {
                let inside = u64::try_from(first)
                    .ok()
                    .filter(|_| elements.count.is_none_or(|count| end <= i128::from(count)));
                let Some(first) = inside else {
                    let of = match elements.count {
                        Some(count) => format!("the {count} elements"),
                        None => "the array".to_string(),
                    };
                    return wrong(span, format!("{first}..{end} is outside {of}"));
                };
                let Some(size) = self.size(&elements.element) else {
                    return wrong(span, "the size of its elements is not known");
                };
                match (first.checked_mul(size), len.checked_mul(size)) {
                    (Some(offset), Some(len)) => self.part(&elements.place, offset, Some(len), span)?,
                    _ => return wrong(span, "this lies outside every memory"),
                }
            }
        };
        if text && let Place::Memory(address) = place {
            let mut bytes = vec![0; usize::try_from(len.min(TEXT_LIMIT)).unwrap_or(0)];
            return match bytes.is_empty() || self.values.target.read_memory(address, &mut bytes) {
                true => Ok(Operand::Text(bytes)),
                false => Err(Failure::Absent(of.span, crate::dwarf::location::outside(address))),
            };
        }
        Ok(Operand::Object {
            ty: Ty::Array(Arc::new(elements.element), len),
            place,
        })
    }
}

pub(super) fn outside(index: i128, count: Option<u64>) -> String {
    match count {
        Some(count) => format!("index {index} is outside the {count} elements"),
        None => format!("index {index} is outside the array"),
    }
}

/// `a.b.c` of names alone as a path.
pub(super) fn dotted(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Member(of, name, _) => Some(format!("{}.{name}", dotted(of)?)),
        _ => None,
    }
}
