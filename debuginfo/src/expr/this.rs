//! `this` of C++: the object that a method works on, its members without a word before them, and in a lambda what it
//! captured under that name.
//!
//! # Invariants
//! - What a name means follows from types alone, whatever `this` points to at the moment.

use super::Eval;
use super::error::{Failure, Span};
use super::operand::Operand;
use super::scope::Found;
use super::types::{Form, Ty};
use crate::Language;
use crate::dwarf::types::{Shape, Type};
use std::sync::Arc;

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

    fn has_member(&self, class: &Type, name: &str) -> bool {
        match &class.shape {
            Shape::Record { members, .. } => self.way_to(members, name).is_some(),
            _ => false,
        }
    }
}
