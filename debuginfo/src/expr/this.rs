//! `this` of C++: the object that a method works on, its members without a word before them, and in a lambda what it
//! captured under that name.
//!
//! # Invariants
//! - What a name means follows from types alone, whatever `this` points to at the moment.

use super::Eval;
use super::error::{Failure, Span, wrong};
use super::names::names;
use super::operand::Operand;
use super::scope::Found;
use super::types::{Form, Ty};
use crate::dwarf::types::{Member, Shape, Type};
use crate::{Language, Place};
use std::sync::Arc;

/// Base classes inside each other, and how many are looked into: those of broken debug information can lie in
/// themselves, many times.
const BASE_DEPTH: usize = 16;
const BASE_LIMIT: usize = 1024;

impl Eval<'_> {
    /// The frame's own `this`, and the class it points to.
    fn own_this(&self) -> Option<(Found, Arc<Type>)> {
        if self.language() != Language::Cpp {
            return None;
        }
        let this = self.scope.local("this")?;
        let class = self.pointed_class(&Ty::Die(this.ty))?;
        Some((this, class))
    }

    /// The class that a pointer is to.
    fn pointed_class(&self, pointer: &Ty) -> Option<Arc<Type>> {
        match self.form(pointer) {
            Form::Pointer(Some(to)) => match self.form(&to) {
                Form::Record(class) => Some(class),
                _ => None,
            },
            _ => None,
        }
    }

    /// What a lambda captured as `this`: its class, and whether the lambda has an object of its own instead of a pointer.
    fn captured(&self, lambda: &Type) -> Option<(Arc<Type>, bool)> {
        let Shape::Record { members, .. } = &lambda.shape else {
            return None;
        };
        // No member that is written can be called so.
        let this = members
            .iter()
            .find(|member| member.name.as_deref() == Some("this"))?;
        match self.form(&Ty::Die(this.ty)) {
            Form::Record(class) => Some((class, true)),
            _ => Some((self.pointed_class(&Ty::Die(this.ty))?, false)),
        }
    }

    /// Whether `this` is one that a lambda captured.
    pub fn this_is_captured(&self) -> bool {
        self.own_this()
            .is_some_and(|(_, class)| self.captured(&class).is_some())
    }

    /// The classes whose members need no word before them, inner first.
    pub fn classes_of_this(&self) -> Vec<Arc<Type>> {
        let Some((_, class)) = self.own_this() else {
            return Vec::new();
        };
        let captured = self.captured(&class).map(|(class, _)| class);
        std::iter::once(class).chain(captured).collect()
    }

    /// `this`; `None` if there is none.
    pub fn this(&self, span: Span) -> Option<Result<Operand, Failure>> {
        let (this, class) = self.own_this()?;
        let this = self.found(this, span);
        let Some((_, own)) = self.captured(&class) else {
            return Some(this);
        };
        let captured = this.and_then(|this| self.member(this, span, "this", span));
        Some(match own {
            true => captured.and_then(|object| self.address_of(object, span)),
            false => captured,
        })
    }

    /// What a bare name is among the members of `this`; `None` if there is no such member.
    pub fn member_of_this(&self, name: &str, span: Span) -> Option<Result<Operand, Failure>> {
        let (this, class) = self.own_this()?;
        // The class says whether there is such a member, whatever `this` points to.
        if self.has_member(&class, name) {
            let this = self.found(this, span);
            return Some(this.and_then(|this| self.member(this, span, name, span)));
        }
        let captured = self.captured(&class).map(|(class, _)| class);
        if captured
            .as_ref()
            .is_some_and(|class| self.has_member(class, name))
        {
            let this = self.this(span)?;
            return Some(this.and_then(|this| self.member(this, span, name, span)));
        }
        let mut classes = [Some(class), captured].into_iter().flatten();
        classes.find_map(|class| self.static_member(&class, name, span))
    }

    /// A path to a member of `this` by the name of its class or of one of that's base classes; `None` if it is no such path.
    pub fn qualified_member(&self, path: &str, span: Span) -> Option<Result<Operand, Failure>> {
        let (within, name) = path.rsplit_once("::").filter(|_| !path.starts_with("::"))?;
        let within: String = within.chars().filter(|c| !c.is_whitespace()).collect();
        let class = self.classes_of_this().pop()?;
        let (way, base) = self.base_named(&class, &within, BASE_DEPTH, &mut BASE_LIMIT.clone())?;
        if !self.has_member(&base, name) {
            return None;
        }
        let this = self.this(span)?;
        let address = this.and_then(|this| match self.pointer(&this, span)? {
            Some(pointer) if pointer.address != 0 => self.down_the_way(pointer.address, &way, span),
            _ => wrong(span, "the pointer is null"),
        });
        Some(address.and_then(|address| {
            let object = Operand::Object {
                ty: Ty::Die(base.id),
                place: Place::Memory(address),
            };
            self.member(object, span, name, span)
        }))
    }

    /// The way to a class or a base class of it by name, and that.
    fn base_named(
        &self,
        class: &Arc<Type>,
        name: &str,
        depth: usize,
        left: &mut usize,
    ) -> Option<(Vec<Member>, Arc<Type>)> {
        if names(&self.values.type_name(class.id), name) {
            return Some((Vec::new(), class.clone()));
        }
        let depth = depth.checked_sub(1)?;
        let Shape::Record { members, .. } = &class.shape else {
            return None;
        };
        members.iter().filter(|member| member.base).find_map(|member| {
            *left = left.checked_sub(1)?;
            let base = self.values.strip(member.ty)?;
            let (mut way, found) = self.base_named(&base, name, depth, left)?;
            way.insert(0, member.clone());
            Some((way, found))
        })
    }

    /// A static member by the name of a class that has it from a base class, or only declares it.
    pub fn static_of_class(&self, path: &str, span: Span) -> Option<Result<Operand, Failure>> {
        if self.language() != Language::Cpp {
            return None;
        }
        let (within, name) = path.rsplit_once("::").filter(|(within, _)| !within.is_empty())?;
        let class = self.values.strip(self.type_named(None, within)?)?;
        self.static_member(&class, name, span)
    }

    fn has_member(&self, class: &Type, name: &str) -> bool {
        match &class.shape {
            Shape::Record { members, .. } => self.way_to(members, name).is_some(),
            _ => false,
        }
    }
}
