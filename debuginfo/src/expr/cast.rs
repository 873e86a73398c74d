//! Casts and sizes.
//!
//! # Invariants
//! - A cast to a number keeps the low bits (C, Rust), gives the nearest value (floats in Rust) or the value itself, if
//!   the type has it (Zig); a cast to a pointer keeps the address. Nothing else is made of anything.

use super::Eval;
use super::ast::{Binary, Binding, Expr, ExprKind, TypeKind, TypeName, Unary};
use super::error::{Failure, Span, wrong};
use super::number::{self, Kind, Number, Rules, Scalar};
use super::operand::{Operand, Pointer, WRAPPER_LIMIT};
use super::types::{Form, Ty, builtin};
use crate::dwarf::types::{Member, MemberPlace, Shape, Type};
use crate::value::read::Located;
use crate::{Language, Place};
use std::sync::Arc;

/// Base classes inside each other, and how many are looked into: those of broken debug information can lie in
/// themselves, many times.
const BASE_DEPTH: usize = 16;
const BASE_LIMIT: usize = 1024;

impl Eval<'_> {
    /// The type that is meant; `None` is `void`.
    pub fn resolve(&self, name: &TypeName) -> Result<Option<Ty>, Failure> {
        match &name.kind {
            TypeKind::Pointer(to) => {
                let to = self.resolve(to)?;
                Ok(Some(Ty::Pointer(to.map(Arc::new))))
            }
            // In a cast it was made a pointer; elsewhere a type is as good as the reference to it.
            TypeKind::Reference(to, _) => self.resolve(to),
            TypeKind::Array(element, count) => match self.resolve(element)? {
                Some(element) => Ok(Some(Ty::Array(Arc::new(element), *count))),
                None => wrong(name.span, "void has no elements"),
            },
            TypeKind::Named(tag, path) => {
                let of_language = || builtin(path, self.language(), self.address_size());
                // Words of C cannot be given another meaning; other names can.
                let keyword = tag.is_none() && path.split(' ').all(|word| C_WORDS.contains(&word));
                if keyword && let Some(found) = of_language() {
                    return Ok(found.map(|ty| self.as_recorded(ty)));
                }
                if let Some(id) = self.type_named(*tag, path) {
                    return Ok(Some(Ty::Die(id)));
                }
                match of_language() {
                    Some(found) if tag.is_none() => Ok(found),
                    _ => wrong(
                        name.span,
                        format!("there is no type '{}' here", name.span.of(self.text)),
                    ),
                }
            }
        }
    }

    /// A built-in type as the debug information has it, if it does.
    pub fn as_recorded(&self, ty: Ty) -> Ty {
        let Ty::Scalar(scalar, name) = ty else { return ty };
        let recorded = self.scope.type_named(None, name).map(Ty::Die);
        match recorded {
            Some(recorded) if matches!(self.form(&recorded), Form::Number(of) if of == scalar) => recorded,
            _ => ty,
        }
    }

    /// `(T)x`, `x as T`
    pub fn cast(
        &self,
        operand: Operand,
        span: Span,
        to: Option<&Ty>,
        type_span: Span,
    ) -> Result<Operand, Failure> {
        let Some(to) = to else {
            return wrong(type_span, "a cast to void leaves nothing to show");
        };
        if let Some(address) = self.reference_as_pointer(&operand, to, span)? {
            return Ok(self.address_as(to.clone(), address));
        }
        let operand = self.referred(operand, span)?;
        match self.form(to) {
            Form::Number(scalar) | Form::Enum(scalar) => {
                // C's arrays are addresses in a cast, too.
                let number = match (self.rules(), self.pointer(&operand, span)?) {
                    (Rules::C { .. }, Some(pointer)) => self.address_number(pointer.address),
                    _ => self.number(&operand, span)?,
                };
                let converted = match number.convert(scalar, self.rules()) {
                    Ok(number) => number,
                    Err(message) => return wrong(span, message),
                };
                if self.keeps_value(scalar)
                    && !number::binary(Binary::Equal, number, converted, self.rules())
                        .is_ok_and(Number::truth)
                {
                    let to = self.type_name(to);
                    return wrong(span, format!("{} is no value of '{to}'", number.text()));
                }
                if self.language() == Language::Rust && scalar == Scalar::CHAR && number.scalar.width > 8 {
                    let code = u32::try_from(converted.bits).ok().and_then(char::from_u32);
                    if code.is_none() {
                        return wrong(span, format!("{} is the code of no character", number.text()));
                    }
                }
                Ok(Operand::Object {
                    ty: to.clone(),
                    place: Place::Bytes(converted.bytes()),
                })
            }
            Form::Pointer(target) => {
                if let Operand::Null = operand {
                    return Ok(self.address_as(to.clone(), 0));
                }
                if let Some(pointer) = self.pointer(&operand, span)? {
                    let address = self.moved_to_class(&pointer, target.as_ref(), span)?;
                    return Ok(self.address_as(to.clone(), address));
                }
                let number = self.number(&operand, span)?;
                if number.scalar.is_float() {
                    return wrong(span, "a float is not an address");
                }
                Ok(self.address_as(to.clone(), self.wrapped(number.value() as u64)))
            }
            _ => match &operand {
                Operand::Object { ty, .. } if self.same_type(ty, to) => Ok(operand),
                _ => wrong(
                    type_span,
                    format!(
                        "nothing can be cast to '{}'; a pointer to it can be followed",
                        self.type_name(to)
                    ),
                ),
            },
        }
    }

    /// `static_cast<T &>(x)`, `(const T &)x`: the object itself, or a value of `T` where that is a number of another type.
    pub fn reference_cast(
        &self,
        operand: Operand,
        span: Span,
        to: &Ty,
        type_span: Span,
        binding: Binding,
    ) -> Result<Operand, Failure> {
        let operand = self.referred(operand, span)?;
        if let Form::Number(_) | Form::Enum(_) = self.form(to) {
            let constant = matches!(to, Ty::Die(id) if self.values.types.is_const(self.values.units, *id));
            let binding = if constant { Binding::Value } else { binding };
            let (same, stored, from) = match &operand {
                Operand::Object { ty, place } => {
                    let stored = matches!(place, Place::Memory(_));
                    (self.same_number(ty, to), stored, self.type_name(ty))
                }
                _ => (false, false, "this".to_string()),
            };
            match binding {
                Binding::Value if !(same && stored) => {
                    return self.cast(operand, span, Some(to), type_span);
                }
                Binding::Nothing if !same => {
                    let to = self.type_name(to);
                    let why = format!(
                        "a reference to '{to}' is none to '{from}': reinterpret_cast reads its bytes"
                    );
                    return wrong(type_span, why);
                }
                _ => {}
            }
        }
        let pointer = Ty::Pointer(Some(Arc::new(to.clone())));
        let address = self.address_of(operand, span)?;
        let address = self.cast(address, span, Some(&pointer), type_span)?;
        self.deref(address, span)
    }

    /// Whether two types are one number's behind their other names, each unit having its own entry of it.
    fn same_number(&self, a: &Ty, b: &Ty) -> bool {
        let plain = |ty: &Ty| match ty {
            Ty::Die(id) => (self.values.strip(*id)).map_or(ty.clone(), |full| Ty::Die(full.id)),
            _ => ty.clone(),
        };
        let (a, b) = (plain(a), plain(b));
        let scalar = |ty: &Ty| match self.form(ty) {
            Form::Number(scalar) | Form::Enum(scalar) => Some(scalar),
            _ => None,
        };
        let field = matches!(a, Ty::Field(..));
        !field
            && scalar(&a).is_some_and(|of| scalar(&b) == Some(of))
            && self.type_name(&a) == self.type_name(&b)
    }

    /// Whether a cast to a type gives a value of the same size or none: Zig's `@as` to integers.
    pub fn keeps_value(&self, to: Scalar) -> bool {
        self.language() == Language::Zig && matches!(to.kind, Kind::Signed | Kind::Unsigned)
    }

    /// The address of a reference of Rust that is cast to a pointer.
    fn reference_as_pointer(&self, operand: &Operand, to: &Ty, span: Span) -> Result<Option<u64>, Failure> {
        match operand {
            Operand::Object { ty, place } if self.is_reference_to_pointer(ty, to) => {
                self.address(ty, place, span).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Whether a cast is one of Rust that makes a pointer of a reference.
    pub fn is_reference_to_pointer(&self, from: &Ty, to: &Ty) -> bool {
        self.language() == Language::Rust
            && matches!(self.form(to), Form::Pointer(_))
            && matches!(self.form(from), Form::Reference(_))
    }

    /// The classes that a cast of a pointer leads from and to, if both are classes of C++ and not one.
    pub fn classes(&self, from: Option<&Ty>, to: Option<&Ty>) -> Option<(Arc<Type>, Arc<Type>)> {
        if self.language() != Language::Cpp {
            return None;
        }
        match (self.form(from?), self.form(to?)) {
            (Form::Record(from), Form::Record(to)) if from.id != to.id => Some((from, to)),
            _ => None,
        }
    }

    /// The address that a pointer has as one to another class: a base class lies inside of what is made from it.
    fn moved_to_class(&self, pointer: &Pointer, to: Option<&Ty>, span: Span) -> Result<u64, Failure> {
        let (address, Some((from, to))) = (pointer.address, self.classes(pointer.to.as_ref(), to)) else {
            return Ok(pointer.address);
        };
        if address == 0 {
            return Ok(0);
        }
        let (up, down) = (
            self.all_ways_to_base(&from, &to),
            self.all_ways_to_base(&to, &from),
        );
        if let Some(way) = up.first() {
            let first = self.down_the_way(address, way, span)?;
            // By a virtual base class, several ways lead to one part.
            for way in up.iter().skip(1) {
                if self.down_the_way(address, way, span)? != first {
                    return self.ambiguous(&from, &to, span);
                }
            }
            return Ok(first);
        }
        let several = down.len() > 1;
        let mut inside = 0u64;
        for base in down.into_iter().next().unwrap_or_default() {
            // Where a virtual base lies only the whole object knows; C++ casts none down, either.
            let MemberPlace::Bytes(more) = base.place else {
                let name = self.values.type_name(base.ty);
                return wrong(span, format!("'{name}' is a virtual base class"));
            };
            inside = inside.wrapping_add(more);
        }
        if several {
            return self.ambiguous(&to, &from, span);
        }
        Ok(self.wrapped(address.wrapping_sub(inside)))
    }

    /// Moves one of two pointers to what is the other's base class there: then they are equal if they are to one object.
    pub fn meet(&self, p: &mut Pointer, p_span: Span, q: &mut Pointer, q_span: Span) -> Result<(), Failure> {
        let Some((a, b)) = self.classes(p.to.as_ref(), q.to.as_ref()) else {
            return Ok(());
        };
        if self.way_to_base(&a, &b).is_some() {
            p.address = self.moved_to_class(p, q.to.as_ref(), p_span)?;
        } else if self.way_to_base(&b, &a).is_some() {
            q.address = self.moved_to_class(q, p.to.as_ref(), q_span)?;
        }
        Ok(())
    }

    /// The address of a base class in an object, by the way to it.
    pub fn down_the_way(&self, address: u64, way: &[Member], span: Span) -> Result<u64, Failure> {
        let mut place = Place::Memory(address);
        for base in way {
            place = match self.values.member(&place, base) {
                Ok(Located::Place(inner)) => inner,
                Ok(Located::Bits(_)) => return wrong(span, "a base class is no bit-field"),
                Err(why) => return Err(Failure::Absent(span, why)),
            };
        }
        Ok(place.address().unwrap_or(address))
    }

    /// `dynamic_cast<T>(x)`: to a base class as any cast; to any other class, what the whole object has of it, or the null
    /// pointer; to `void`, the whole object.
    pub fn dynamic_cast(
        &self,
        operand: Operand,
        span: Span,
        to: Option<&Ty>,
        type_span: Span,
    ) -> Result<Operand, Failure> {
        let (Some(to), false) = (to, matches!(operand, Operand::Null)) else {
            return self.cast(operand, span, to, type_span);
        };
        let Form::Pointer(target) = self.form(to) else {
            return wrong(type_span, "dynamic_cast is evaluated for pointers only");
        };
        let Some(pointer) = self.pointer(&operand, span)? else {
            return wrong(span, "this is no pointer");
        };
        let Some(Form::Record(from)) = pointer.to.as_ref().map(|ty| self.form(ty)) else {
            return wrong(span, "dynamic_cast is evaluated for classes only");
        };
        let target = match target.as_ref().map(|ty| self.form(ty)) {
            Some(Form::Record(target)) => Some(target),
            Some(_) => return wrong(type_span, "dynamic_cast is evaluated for classes only"),
            None => None,
        };
        let is_up = |target: &Type| {
            self.values.is_same(from.id, target.id) || self.way_to_base(&from, target).is_some()
        };
        if target.as_deref().is_some_and(is_up) {
            return self.cast(operand, span, Some(to), type_span);
        }
        let address = match pointer.address {
            0 => 0,
            address => self.part_of_whole(&from, address, target.as_deref(), span)?,
        };
        Ok(self.address_as(to.clone(), address))
    }

    /// The address of the one part of a class that the whole object has, around an object at an address, or (`None`) of
    /// the whole; 0: there is no such part.
    fn part_of_whole(
        &self,
        from: &Type,
        address: u64,
        target: Option<&Type>,
        span: Span,
    ) -> Result<u64, Failure> {
        let Some((name, described)) = self.values.whole_object(from.id, address) else {
            let name = self.values.type_name(from.id);
            return wrong(
                span,
                format!("there is no object of '{name}' with a virtual table"),
            );
        };
        let Some((class, object)) = described else {
            return wrong(
                span,
                format!("the object is a '{name}', which the debug information does not describe"),
            );
        };
        let (Some(class), Some(target)) = (self.values.strip(class), target) else {
            return Ok(object);
        };
        if self.values.is_same(class.id, target.id) {
            return Ok(object);
        }
        let ways = self.all_ways_to_base(&class, target);
        let parts = ways.iter().map(|way| self.down_the_way(object, way, span));
        let mut parts = parts.collect::<Result<Vec<u64>, Failure>>()?;
        parts.sort_unstable();
        parts.dedup();
        // Which of several parts is meant depends on where the pointer comes from.
        match parts[..] {
            [] => Ok(0),
            [part] => Ok(part),
            _ => wrong(
                span,
                format!(
                    "the object has more than one part that is a '{}'",
                    self.values.type_name(target.id)
                ),
            ),
        }
    }

    fn ambiguous(&self, class: &Type, base: &Type, span: Span) -> Result<u64, Failure> {
        let (class, base) = (self.values.type_name(class.id), self.values.type_name(base.id));
        wrong(
            span,
            format!("'{class}' has more than one part that is a '{base}'"),
        )
    }

    /// The base classes that lead from a class to one of them, outer first; by types alone.
    fn way_to_base(&self, class: &Type, base: &Type) -> Option<Vec<Member>> {
        self.all_ways_to_base(class, base).into_iter().next()
    }

    fn all_ways_to_base(&self, class: &Type, base: &Type) -> Vec<Vec<Member>> {
        let mut ways = Vec::new();
        self.ways_to_base(class, base, BASE_DEPTH, &mut BASE_LIMIT.clone(), &mut ways);
        ways
    }

    /// All ways there are, within limits.
    fn ways_to_base(
        &self,
        class: &Type,
        base: &Type,
        depth: usize,
        left: &mut usize,
        ways: &mut Vec<Vec<Member>>,
    ) {
        let (Some(depth), Shape::Record { members, .. }) = (depth.checked_sub(1), &class.shape) else {
            return;
        };
        for member in members.iter().filter(|member| member.base) {
            let Some(fewer) = left.checked_sub(1) else { return };
            *left = fewer;
            let Some(full) = self.values.strip(member.ty) else {
                continue;
            };
            let first = ways.len();
            match self.values.is_same(full.id, base.id) {
                true => ways.push(Vec::new()),
                false => self.ways_to_base(&full, base, depth, left, ways),
            }
            for way in ways.iter_mut().skip(first) {
                way.insert(0, member.clone());
            }
        }
    }

    /// Whether two types are one behind their other names.
    fn same_type(&self, a: &Ty, b: &Ty) -> bool {
        match (a, b) {
            (Ty::Die(a), Ty::Die(b)) => {
                let (a, b) = (self.values.strip(*a), self.values.strip(*b));
                a.zip(b).is_some_and(|(a, b)| a.id == b.id)
            }
            (a, b) => a == b,
        }
    }

    /// `sizeof x`: of the type, so `x` need not be there.
    pub fn size_of_operand(&self, expr: &Expr) -> Result<Operand, Failure> {
        // A name has the type of what it means by itself, too.
        if let ExprKind::Name(_) = &expr.kind
            && let Some(ty) = self.type_of_expr(expr)
        {
            return self.size_of(&ty, expr.span);
        }
        if let ExprKind::Name(name) = &expr.kind
            && self.known(name, expr.span).is_none()
            && self.type_named(None, name).is_none()
            && !name.starts_with('$')
        {
            return wrong(expr.span, format!("there is no variable or type '{name}' here"));
        }
        let operand = match self.walk(expr) {
            Ok(operand) => operand,
            // The type is enough, whether there is a value or not.
            Err(failure) => match self.type_of_expr(expr) {
                Some(ty) => return self.size_of(&ty, expr.span),
                None => return Err(failure),
            },
        };
        match operand {
            Operand::Object { ty, .. } => self.size_of(&ty, expr.span),
            Operand::Text(text) => Ok(self.size_result(text.len().saturating_add(1) as u64)),
            Operand::Literal(number) => Ok(self.size_result(number.scalar.size.min(4))),
            _ => wrong(expr.span, "it has no size"),
        }
    }

    /// The type of an expression, by types alone, where those tell.
    fn type_of_expr(&self, expr: &Expr) -> Option<Ty> {
        match &expr.kind {
            ExprKind::Name(name) => {
                if let Some(local) = self.scope.local(name) {
                    return Some(self.type_of(&local));
                }
                let member = |class: &Arc<Type>| self.member_type(class, name);
                let of_this = self.classes_of_this().iter().find_map(member);
                of_this.or_else(|| Some(self.type_of(&self.global(name)?)))
            }
            ExprKind::Member(of, name, _) => {
                let mut ty = self.type_of_expr(of)?;
                for _ in 0..WRAPPER_LIMIT {
                    ty = match self.form(&ty) {
                        Form::Record(class) => return self.member_type(&class, name),
                        Form::Pointer(Some(to)) | Form::Reference(to) => to,
                        _ => return None,
                    };
                }
                None
            }
            ExprKind::Index(of, _) | ExprKind::Unary(Unary::Deref, of) => {
                let mut ty = self.type_of_expr(of)?;
                if let Form::Reference(to) = self.form(&ty) {
                    ty = to;
                }
                match self.form(&ty) {
                    Form::Array { element, .. } => Some(element),
                    Form::Pointer(to) => to,
                    _ => None,
                }
            }
            ExprKind::Cast(ty, _) | ExprKind::DynamicCast(ty, _) | ExprKind::ReferenceCast(ty, ..) => {
                self.resolve(ty).ok()?
            }
            _ => None,
        }
    }

    fn member_type(&self, class: &Type, name: &str) -> Option<Ty> {
        let Shape::Record { members, .. } = &class.shape else {
            return None;
        };
        Some(Ty::Die(self.way_to(members, name)?.1.ty))
    }

    /// `sizeof(T)`
    pub fn size_of(&self, ty: &Ty, span: Span) -> Result<Operand, Failure> {
        let ty = match self.form(ty) {
            Form::Reference(to) => to,
            _ => ty.clone(),
        };
        match self.size(&ty) {
            Some(size) => Ok(self.size_result(size)),
            None => wrong(
                span,
                format!("the size of '{}' is not known", self.type_name(&ty)),
            ),
        }
    }

    /// A size or length as a number.
    pub fn size_result(&self, size: u64) -> Operand {
        let word = Scalar::unsigned(self.address_bits()).long();
        let number = Number::new(word, u128::from(size));
        match self.language() {
            Language::Rust | Language::Zig => self.typed(number, "usize"),
            _ => self.result(number),
        }
    }
}

/// The words that name C's own types.
const C_WORDS: &[&str] = &[
    "void", "char", "short", "int", "long", "float", "double", "signed", "unsigned", "_Bool", "bool",
    "__int128",
];
