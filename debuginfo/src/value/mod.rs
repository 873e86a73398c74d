//! Values for people: a lazy tree of nodes, rendered as their language writes them.
//!
//! `tree` makes nodes, `line` writes a value on one line and `leaf` what is little in it, `read` gets bytes, `c` writes
//! scalars, `wide` text of wide characters; `table` is the one table of renderers for types that are more than their
//! members, and `cpp`, `rust` and `zig` hold those: `cpp_wrappers`, `rust_iterators` and `rust_locks` what their names
//! say.
//! Nothing here knows how a variable was located.
//!
//! To add a renderer: a line in [`table::TABLE`] and a function that turns a place into a [`View`].

pub(crate) mod c;
mod cpp;
mod cpp_wrappers;
mod leaf;
pub(crate) mod line;
pub(crate) mod read;
mod rust;
mod rust_iterators;
mod rust_locks;
mod table;
pub(crate) mod tree;
pub(crate) mod wide;
mod zig;

use crate::dwarf::DieId;
use crate::dwarf::types::{Member, PointerKind, Shape, Type, Types};
use crate::dwarf::units::Units;
use crate::{Availability, Language, Place, Target};
use std::sync::Arc;

/// What values are read with.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub units: &'a Units,
    pub types: &'a Types,
    pub target: &'a dyn Target,
    pub function_name: &'a dyn Fn(u32) -> String,
}

/// One entry of a container that is not contiguous: an element, or a key with its value.
pub(crate) struct Item {
    pub key: Option<(DieId, Place)>,
    pub value: (DieId, Place),
}

impl Item {
    pub fn element(ty: DieId, place: Place) -> Item {
        Item {
            key: None,
            value: (ty, place),
        }
    }
}

/// The entries of a container, read as far as they are asked for. `Err` says what does not hold; nothing
/// follows it.
pub(crate) type Items<'a> = Box<dyn Iterator<Item = Result<Item, String>> + 'a>;

/// A part of what [`View::Written`] writes.
pub(crate) enum Piece {
    Word(String),
    Value(DieId, Place),
}

/// What a value is beyond its members.
pub(crate) enum View<'a> {
    /// UTF-8 (or bytes that claim to be).
    Text { address: u64, len: u64 },
    /// Elements one after the other in memory.
    Sequence { element: DieId, address: u64, len: u64 },
    /// Elements that have to be walked to; `len` as the container says, if it does. `braces` for sets and maps.
    Entries {
        len: Option<u64>,
        braces: bool,
        items: Items<'a>,
    },
    /// The same as another value (a smart pointer's target, a newtype's content).
    Same { ty: DieId, place: Place },
    /// A value with the counts of its owners.
    Shared {
        view: Box<View<'a>>,
        strong: u64,
        weak: u64,
    },
    /// The same as another value, of a type that only the running program knows: it is named.
    Dynamic { ty: DieId, place: Place },
    /// One alternative of a tagged union: its name and content.
    Variant {
        name: String,
        members: Vec<Member>,
        place: Place,
    },
    /// Several values of their own, without names.
    Tuple(Vec<(DieId, Place)>),
    /// Nothing to look into.
    Word(String),
    /// Values with words around them, on one line; what is in them stands among the plain members.
    Written(Vec<Piece>),
    /// What must hold for such a value does not; says what.
    Broken(String),
}

impl View<'_> {
    /// A value whose type only the running program knows is as good as any other.
    fn without_type(self) -> Self {
        match self {
            View::Dynamic { ty, place } => View::Same { ty, place },
            view => view,
        }
    }
}

impl<'a> Values<'a> {
    /// The view of a value as expressions see it, if it has one: what only leads to another value is `Same`.
    pub fn view(&self, ty: &Type, place: &Place) -> Option<Result<View<'a>, Availability>> {
        Some(match self.rendered(ty, place)?.1 {
            View::Broken(why) => Err(Availability::NotReadable(why)),
            View::Shared { view, .. } => Ok(view.without_type()),
            view => Ok(view.without_type()),
        })
    }

    /// What a renderer makes of a record, and the renderer's label.
    fn rendered(&self, ty: &Type, place: &Place) -> Option<(&'static str, View<'a>)> {
        if !matches!(ty.shape, Shape::Record { .. }) {
            return None;
        }
        table::view(self, ty, place)
    }

    /// Whether a pointer is shown as what it points to: references, and what Rust calls a box or a reference.
    pub fn is_transparent(&self, ty: &Type) -> bool {
        match &ty.shape {
            Shape::Pointer { to, kind } => {
                let name = ty.name.as_deref().unwrap_or("");
                let rust = ty.language == Language::Rust
                    && (name.starts_with('&') || name.starts_with("alloc::boxed::Box<"));
                let target = to.and_then(|to| self.strip(to));
                (*kind != PointerKind::Pointer || rust)
                    && target
                        .is_some_and(|target| !matches!(target.shape, Shape::Function { .. } | Shape::Opaque))
            }
            _ => false,
        }
    }

    /// Elements that lie one after the other, if memory has room for as many.
    fn sequence(&self, element: DieId, address: u64, len: u64) -> View<'a> {
        match self.claim(self.size(element).unwrap_or(0), address, len, "elements") {
            Ok(()) => View::Sequence {
                element,
                address,
                len,
            },
            Err(why) => View::Broken(why),
        }
    }

    /// Text, if memory has room for it.
    fn text(&self, address: u64, len: u64) -> View<'a> {
        match self.claim(1, address, len, "bytes") {
            Ok(()) => View::Text { address, len },
            Err(why) => View::Broken(why),
        }
    }

    /// Whether memory reaches as far as `len` things of `size` bytes say.
    fn claim(&self, size: u64, address: u64, len: u64, what: &str) -> Result<(), String> {
        let bytes = size.checked_mul(len);
        let last = bytes.and_then(|bytes| address.checked_add(bytes)?.checked_sub(1));
        let holds = bytes == Some(0) || last.is_some_and(|last| self.target.read_memory(last, &mut [0]));
        if holds {
            Ok(())
        } else {
            Err(format!(
                "claims {len} {what} at {address:#x}, which reach outside memory"
            ))
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

/// The reason in words, where a value would stand; it may follow an "is".
pub(crate) fn reason(availability: &Availability) -> String {
    match availability {
        Availability::Available => String::new(),
        Availability::OptimizedOut => "optimized out".to_string(),
        Availability::NotYetSet => "not set yet".to_string(),
        Availability::NotReadable(why) => format!("not readable: {why}"),
        Availability::Unsupported(what) => format!("not supported: {what}"),
    }
}
