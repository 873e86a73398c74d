//! Values for people: a lazy tree of nodes, rendered as their language writes them.
//!
//! `tree` makes nodes, `read` gets bytes, `c` writes scalars and plain records; `cpp`, `rust` and `zig` know
//! types of their language that are more than their members. Nothing here knows how a variable was located.

pub(crate) mod c;
pub(crate) mod cpp;
pub(crate) mod read;
pub(crate) mod rust;
pub(crate) mod tree;
pub(crate) mod zig;

use crate::dwarf::DieId;
use crate::dwarf::types::{Member, Shape, Type, Types};
use crate::dwarf::units::Units;
use crate::{Availability, Place, Target};
use std::sync::Arc;

/// What values are read with.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub units: &'a Units,
    pub types: &'a Types,
    pub target: &'a dyn Target,
    pub function_name: &'a dyn Fn(u32) -> String,
}

/// What a value is beyond its members.
pub(crate) enum View {
    /// UTF-8 (or bytes that claim to be).
    Text { address: u64, len: u64 },
    /// Elements one after the other in memory.
    Sequence { element: DieId, address: u64, len: u64 },
    /// The same as another value (a smart pointer's target, a newtype's content).
    Same { ty: DieId, place: Place },
    /// One alternative of a tagged union: its name and content.
    Variant {
        name: String,
        members: Vec<Member>,
        place: Place,
    },
    /// Nothing to look into.
    Word(String),
}

impl Values<'_> {
    /// The view of a value, if it has one.
    pub fn view(&self, ty: &Type, place: &Place) -> Option<Result<View, Availability>> {
        if !matches!(ty.shape, Shape::Record { .. }) {
            return None;
        }
        match ty.language {
            crate::Language::Rust => rust::view(self, ty, place),
            crate::Language::Cpp => cpp::view(self, ty, place),
            crate::Language::Zig => zig::view(self, ty, place),
            crate::Language::C | crate::Language::Other => None,
        }
    }

    pub fn get(&self, id: DieId) -> Option<Arc<Type>> {
        self.types.get(self.units, id)
    }

    pub fn strip(&self, id: DieId) -> Option<Arc<Type>> {
        self.types.strip(self.units, id)
    }

    pub fn size(&self, id: DieId) -> Option<u64> {
        self.types.size(self.units, id)
    }

    pub fn type_name(&self, id: DieId) -> String {
        self.types.name(self.units, id)
    }
}

/// The reason in words, where a value would stand.
pub(crate) fn reason(availability: &Availability) -> String {
    match availability {
        Availability::Available => String::new(),
        Availability::OptimizedOut => "optimized out".to_string(),
        Availability::NotYetSet => "not set yet".to_string(),
        Availability::NotReadable(why) => format!("cannot be read: {why}"),
        Availability::Unsupported(what) => format!("not supported: {what}"),
    }
}
