//! Types, read one DIE at a time and kept: their shape, and how the language writes them.
//!
//! # Invariants
//! - A type refers to others by [`DieId`]; following them is the caller's, who bounds the depth
//!   ([`Types::strip`] does). So cycles cost nothing.
//! - Sizes and offsets come from the file: callers check arithmetic on them.

use super::dynamic::Dynamic;
use super::units::{Unit, Units};
use super::{DieId, Entry, Value};
use crate::Language;
use crate::names::simplified;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Members, enumerators or parameters that are read of one type.
const CHILD_LIMIT: usize = 65_536;
/// Types that lie around each other when a name is written or an alias followed.
const DEPTH_LIMIT: usize = 32;
/// Types that one name is made of; functions of functions would have names without end.
const NAME_PARTS: usize = 256;

/// How a pointer is written and followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PointerKind {
    Pointer,
    Reference,
    RvalueReference,
}

/// What kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordKind {
    Struct,
    Class,
    Union,
}

/// Another name or a qualification of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AliasKind {
    Typedef,
    Const,
    Volatile,
    Restrict,
    Atomic,
}

/// Where a member lies in its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemberPlace {
    /// At this byte.
    Bytes(u64),
    /// `len` bits from bit `first`, counted from the record's start.
    Bits { first: u64, len: u64 },
    /// A virtual base: how far it lies from the object stands so many bytes before the address that the object's
    /// first word holds.
    VirtualBase { before: u64 },
    /// Computed from the object in another way.
    Computed,
}

/// A member, or a base class.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub name: Option<String>,
    pub ty: DieId,
    pub place: MemberPlace,
    pub base: bool,
}

/// One alternative of a tagged union.
#[derive(Clone, Debug)]
pub(crate) struct Variant {
    /// The tag that selects it; `None` for all tags that no other has.
    pub tag: Option<u64>,
    pub members: Vec<Member>,
}

/// The alternatives of a tagged union.
#[derive(Clone, Debug)]
pub(crate) struct VariantPart {
    pub tag: Option<Member>,
    pub variants: Vec<Variant>,
}

/// What a type is made of.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Base {
        encoding: gimli::DwAte,
    },
    Pointer {
        to: Option<DieId>,
        kind: PointerKind,
    },
    Record {
        kind: RecordKind,
        members: Vec<Member>,
        variants: Option<VariantPart>,
        complete: bool,
    },
    Enum {
        underlying: Option<DieId>,
        enumerators: Vec<(String, i64)>,
        /// Whether its enumerators stand behind its name only: C++'s `enum class`.
        scoped: bool,
    },
    Array {
        element: DieId,
        dimensions: Vec<Option<u64>>,
    },
    Alias {
        to: Option<DieId>,
        kind: AliasKind,
    },
    Function {
        result: Option<DieId>,
        parameters: Vec<Option<DieId>>,
        variadic: bool,
    },
    /// C++'s pointer to a member of a class: where it lies in an object, or which function it is.
    MemberPointer {
        to: Option<DieId>,
        of: Option<DieId>,
    },
    /// Of no use but its name.
    Opaque,
}

/// One type.
#[derive(Clone, Debug)]
pub(crate) struct Type {
    pub id: DieId,
    pub name: Option<String>,
    pub size: Option<u64>,
    /// Where it may lie, if it says so itself: a power of two.
    pub alignment: Option<u64>,
    pub language: Language,
    pub shape: Shape,
    /// Type arguments of a template or generic type.
    pub arguments: Vec<(String, DieId)>,
}

impl Type {
    /// The type argument at a position.
    pub fn argument(&self, index: usize) -> Option<DieId> {
        self.arguments.get(index).map(|(_, ty)| *ty)
    }
}

/// Types by DIE, read when first asked for.
#[derive(Debug, Default)]
pub(crate) struct Types {
    known: Mutex<HashMap<DieId, Option<Arc<Type>>>>,
    dynamic: Dynamic,
}

impl Types {
    /// The type at a DIE.
    pub fn get(&self, units: &Units, id: DieId) -> Option<Arc<Type>> {
        let known = |map: &HashMap<DieId, Option<Arc<Type>>>| map.get(&id).cloned();
        if let Some(found) = known(&self.known.lock().unwrap_or_else(PoisonError::into_inner)) {
            return found;
        }
        let read = read(units, id).map(Arc::new);
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, read.clone());
        read
    }

    /// The type behind typedefs and qualifiers.
    pub fn strip(&self, units: &Units, id: DieId) -> Option<Arc<Type>> {
        let mut ty = self.get(units, id)?;
        for _ in 0..DEPTH_LIMIT {
            match ty.shape {
                Shape::Alias { to, .. } => ty = self.get(units, to?)?,
                _ => return Some(ty),
            }
        }
        None
    }

    /// Whether values of a type are not written to, as it says.
    pub fn is_const(&self, units: &Units, id: DieId) -> bool {
        let types = std::iter::successors(self.get(units, id), |ty| match ty.shape {
            Shape::Alias { to, .. } => self.get(units, to?),
            _ => None,
        });
        let constant = |ty: Arc<Type>| {
            matches!(
                ty.shape,
                Shape::Alias {
                    kind: AliasKind::Const,
                    ..
                }
            )
        };
        types.take(DEPTH_LIMIT).any(constant)
    }

    /// The polymorphic C++ class of this qualified name.
    pub fn class(&self, units: &Units, name: &str) -> Option<DieId> {
        self.dynamic.class(units, name)
    }

    /// The Rust type whose methods are in the table at this address.
    pub fn behind_vtable(&self, units: &Units, address: u64) -> Option<DieId> {
        self.dynamic.behind_vtable(units, address)
    }

    /// The size of a type in bytes.
    pub fn size(&self, units: &Units, id: DieId) -> Option<u64> {
        self.size_within(units, id, DEPTH_LIMIT)
    }

    fn size_within(&self, units: &Units, id: DieId, depth: usize) -> Option<u64> {
        let depth = depth.checked_sub(1)?;
        let ty = self.get(units, id)?;
        if ty.size.is_some() {
            return ty.size;
        }
        match &ty.shape {
            Shape::Alias { to, .. } => self.size_within(units, (*to)?, depth),
            Shape::Array { element, dimensions } => {
                let mut size = self.size_within(units, *element, depth)?;
                for dimension in dimensions {
                    size = size.checked_mul((*dimension)?)?;
                }
                Some(size)
            }
            Shape::Enum { underlying, .. } => self.size_within(units, (*underlying)?, depth),
            _ => None,
        }
    }

    /// The type as its language writes it.
    pub fn name(&self, units: &Units, id: DieId) -> String {
        let mut left = NAME_PARTS;
        simplified(&self.declare(units, Some(id), String::new(), DEPTH_LIMIT, &mut left))
    }

    fn declare(
        &self,
        units: &Units,
        id: Option<DieId>,
        inner: String,
        depth: usize,
        left: &mut usize,
    ) -> String {
        let spaced = |name: &str, inner: &str| {
            if inner.is_empty() {
                name.to_string()
            } else {
                format!("{name} {inner}")
            }
        };
        let (Some(depth), Some(rest)) = (depth.checked_sub(1), left.checked_sub(1)) else {
            return spaced("...", &inner);
        };
        *left = rest;
        let Some(id) = id else {
            return spaced("void", &inner);
        };
        let Some(ty) = self.get(units, id) else {
            return spaced("?", &inner);
        };
        if let Some(name) = &ty.name {
            let name = match (&ty.shape, ty.language) {
                (
                    Shape::Record {
                        kind: RecordKind::Union,
                        ..
                    },
                    Language::C,
                ) => format!("union {name}"),
                (Shape::Record { .. }, Language::C) => format!("struct {name}"),
                (Shape::Enum { .. }, Language::C) => format!("enum {name}"),
                _ => units.qualified(id, name),
            };
            return spaced(&name, &inner);
        }
        match &ty.shape {
            Shape::Pointer { to, kind } => {
                let sign = match kind {
                    PointerKind::Pointer => "*",
                    PointerKind::Reference => "&",
                    PointerKind::RvalueReference => "&&",
                };
                let gap = if inner.starts_with(|c: char| c.is_alphabetic()) {
                    " "
                } else {
                    ""
                };
                let inner = format!("{sign}{gap}{inner}");
                let target = to.and_then(|to| self.get(units, to));
                let wraps = target.is_some_and(|to| {
                    to.name.is_none() && matches!(to.shape, Shape::Array { .. } | Shape::Function { .. })
                });
                self.declare(
                    units,
                    *to,
                    if wraps { format!("({inner})") } else { inner },
                    depth,
                    left,
                )
            }
            Shape::Array { element, dimensions } if ty.language == Language::Rust => {
                let element = self.declare(units, Some(*element), String::new(), depth, left);
                spaced(&array_name(ty.language, element, dimensions), &inner)
            }
            Shape::Array { element, dimensions } => {
                let mut inner = inner;
                for dimension in dimensions {
                    match dimension {
                        Some(count) => inner.push_str(&format!("[{count}]")),
                        None => inner.push_str("[]"),
                    }
                }
                self.declare(units, Some(*element), inner, depth, left)
            }
            Shape::Function {
                result,
                parameters,
                variadic,
            } => {
                let mut list: Vec<String> = parameters
                    .iter()
                    .take(CHILD_LIMIT.min(32))
                    .map(|parameter| self.declare(units, *parameter, String::new(), depth.min(6), left))
                    .collect();
                if *variadic {
                    list.push("...".to_string());
                }
                if list.is_empty() && ty.language == Language::C {
                    list.push("void".to_string());
                }
                if ty.language == Language::Rust && inner.is_empty() {
                    let result = result.map(|to| self.declare(units, Some(to), String::new(), depth, left));
                    let arrow = result.map_or(String::new(), |result| format!(" -> {result}"));
                    return format!("fn({}){arrow}", list.join(", "));
                }
                self.declare(
                    units,
                    *result,
                    format!("{inner}({})", list.join(", ")),
                    depth,
                    left,
                )
            }
            Shape::Alias { to, kind } => {
                let word = match kind {
                    AliasKind::Typedef => "",
                    AliasKind::Const => "const",
                    AliasKind::Volatile => "volatile",
                    AliasKind::Restrict => "restrict",
                    AliasKind::Atomic => "_Atomic",
                };
                let target = to.and_then(|to| self.get(units, to));
                // Said twice by the compiler of a template's constant type.
                let again = target.as_ref().is_some_and(|to| {
                    to.name.is_none()
                        && matches!(to.shape, Shape::Alias { kind: inner, .. } if inner == *kind)
                });
                if again {
                    return self.declare(units, *to, inner, depth, left);
                }
                let after =
                    target.is_some_and(|to| to.name.is_none() && matches!(to.shape, Shape::Pointer { .. }));
                if after {
                    self.declare(units, *to, spaced(word, &inner), depth, left)
                } else {
                    format!("{word} {}", self.declare(units, *to, inner, depth, left))
                        .trim_start()
                        .to_string()
                }
            }
            Shape::Record { kind, .. } => spaced(
                match kind {
                    RecordKind::Struct => "struct {...}",
                    RecordKind::Class => "class {...}",
                    RecordKind::Union => "union {...}",
                },
                &inner,
            ),
            Shape::Enum { .. } => spaced("enum {...}", &inner),
            Shape::MemberPointer { to, of } => {
                let class = self.declare(units, *of, String::new(), depth, left);
                let function = to
                    .and_then(|to| self.get(units, to))
                    .is_some_and(|to| matches!(to.shape, Shape::Function { .. }));
                let inner = match function {
                    true => format!("({class}::*{inner})"),
                    false => format!("{class}::*{inner}"),
                };
                self.declare(units, *to, inner, depth, left)
            }
            Shape::Base { .. } | Shape::Opaque => spaced("?", &inner),
        }
    }
}

fn read(units: &Units, id: DieId) -> Option<Type> {
    // A type that is only declared here is described in full in another unit.
    let id = units.definition(id).unwrap_or(id);
    let (unit, entry) = units.entry(id)?;
    let to = || {
        entry
            .attr_value(gimli::DW_AT_type)
            .and_then(|value| units.reference(unit, value))
    };
    let number = |name| entry.attr(name).and_then(|attribute| attribute.udata_value());
    let mut size = number(gimli::DW_AT_byte_size);
    let pointer = |kind| Shape::Pointer { to: to(), kind };
    let alias = |kind| Shape::Alias { to: to(), kind };
    let shape = match entry.tag() {
        gimli::DW_TAG_base_type => match entry.attr_value(gimli::DW_AT_encoding) {
            Some(Value::Encoding(encoding)) => Shape::Base { encoding },
            _ => Shape::Opaque,
        },
        gimli::DW_TAG_pointer_type => pointer(PointerKind::Pointer),
        gimli::DW_TAG_reference_type => pointer(PointerKind::Reference),
        gimli::DW_TAG_rvalue_reference_type => pointer(PointerKind::RvalueReference),
        gimli::DW_TAG_typedef | gimli::DW_TAG_template_alias => alias(AliasKind::Typedef),
        gimli::DW_TAG_const_type => alias(AliasKind::Const),
        gimli::DW_TAG_volatile_type => alias(AliasKind::Volatile),
        gimli::DW_TAG_restrict_type => alias(AliasKind::Restrict),
        gimli::DW_TAG_atomic_type => alias(AliasKind::Atomic),
        gimli::DW_TAG_structure_type => record(units, unit, &entry, RecordKind::Struct),
        gimli::DW_TAG_class_type => record(units, unit, &entry, RecordKind::Class),
        gimli::DW_TAG_union_type => record(units, unit, &entry, RecordKind::Union),
        gimli::DW_TAG_enumeration_type => Shape::Enum {
            underlying: to(),
            enumerators: enumerators(units, unit, &entry),
            scoped: entry.attr(gimli::DW_AT_enum_class).is_some(),
        },
        gimli::DW_TAG_array_type => match to() {
            Some(element) => Shape::Array {
                element,
                dimensions: dimensions(unit, &entry),
            },
            None => Shape::Opaque,
        },
        gimli::DW_TAG_subroutine_type => {
            let mut parameters = Vec::new();
            let mut variadic = false;
            each_child(unit, &entry, |child| match child.tag() {
                // The object of a method is not written.
                gimli::DW_TAG_formal_parameter if child.attr(gimli::DW_AT_artificial).is_none() => {
                    let ty = child.attr_value(gimli::DW_AT_type);
                    parameters.push(ty.and_then(|value| units.reference(unit, value)));
                }
                gimli::DW_TAG_unspecified_parameters => variadic = true,
                _ => {}
            });
            Shape::Function {
                result: to(),
                parameters,
                variadic,
            }
        }
        gimli::DW_TAG_ptr_to_member_type => Shape::MemberPointer {
            to: to(),
            of: entry
                .attr_value(gimli::DW_AT_containing_type)
                .and_then(|value| units.reference(unit, value)),
        },
        gimli::DW_TAG_unspecified_type => Shape::Opaque,
        _ => return None,
    };
    if matches!(shape, Shape::Pointer { .. }) && size.is_none() {
        size = Some(u64::from(unit.dwarf.header.address_size()));
    }
    let mut arguments = Vec::new();
    if matches!(shape, Shape::Record { .. }) {
        let mut add = |child: &Entry| {
            if child.tag() == gimli::DW_TAG_template_type_parameter {
                let ty = child
                    .attr_value(gimli::DW_AT_type)
                    .and_then(|value| units.reference(unit, value));
                let name = child
                    .attr_value(gimli::DW_AT_name)
                    .and_then(|value| units.string(&unit.dwarf, value));
                arguments.extend(ty.map(|ty| (name.unwrap_or_default(), ty)));
            }
        };
        each_child(unit, &entry, |child| match child.tag() {
            gimli::DW_TAG_GNU_template_parameter_pack => each_child(unit, child, &mut add),
            _ => add(child),
        });
    }
    let name = entry
        .attr_value(gimli::DW_AT_name)
        .and_then(|value| units.string(&unit.dwarf, value));
    let name = name.filter(|name| !name.is_empty());
    Some(Type {
        id,
        name,
        size,
        alignment: number(gimli::DW_AT_alignment).filter(|alignment| alignment.is_power_of_two()),
        language: unit.summary.language,
        shape,
        arguments,
    })
}

/// The structure inside another whose name ends so.
pub(crate) fn nested(units: &Units, within: DieId, name_end: &str) -> Option<DieId> {
    let (unit, entry) = units.entry(within)?;
    let mut found = None;
    each_child(unit, &entry, |child| {
        if found.is_none() && child.tag() == gimli::DW_TAG_structure_type {
            let name = child.attr_value(gimli::DW_AT_name);
            let name = name.and_then(|value| units.string(&unit.dwarf, value));
            found = name
                .filter(|name| name.ends_with(name_end))
                .map(|_| unit.die(child.offset()));
        }
    });
    found
}

/// Calls `see` with each direct child of a DIE.
pub(crate) fn each_child(unit: &Unit, entry: &Entry, mut see: impl FnMut(&Entry)) {
    if !entry.has_children() {
        return;
    }
    let Ok(mut entries) = unit.dwarf.entries_raw(Some(entry.offset())) else {
        return;
    };
    let mut child = Entry::null();
    let mut seen = 0;
    // A child list that breaks off counts as far as it goes.
    while !entries.is_empty() && seen < CHILD_LIMIT && entries.read_entry(&mut child).is_ok() {
        if child.is_null() {
            if entries.next_depth() <= 0 {
                return;
            }
        } else if child.depth() == 1 {
            seen += 1;
            see(&child);
        } else if child.depth() <= 0 && seen > 0 {
            return;
        }
    }
}

fn record(units: &Units, unit: &Unit, entry: &Entry, kind: RecordKind) -> Shape {
    let mut members = Vec::new();
    let mut part = None;
    each_child(unit, entry, |child| match child.tag() {
        gimli::DW_TAG_member | gimli::DW_TAG_inheritance => members.extend(member(units, unit, child)),
        gimli::DW_TAG_variant_part => part = Some(child.clone()),
        _ => {}
    });
    let variants = part.map(|part| variant_part(units, unit, &part));
    let complete = entry.attr(gimli::DW_AT_declaration).is_none();
    Shape::Record {
        kind,
        members,
        variants,
        complete,
    }
}

/// What a record calls by a name of its own: `using reference = ...`.
pub(crate) fn typedef_in(units: &Units, record: DieId, name: &str) -> Option<DieId> {
    let (unit, entry) = units.entry(record)?;
    let mut found = None;
    each_child(unit, &entry, |child| {
        let own = || {
            let name = child.attr_value(gimli::DW_AT_name)?;
            units.string(&unit.dwarf, name)
        };
        if child.tag() == gimli::DW_TAG_typedef && own().as_deref() == Some(name) {
            let ty = child.attr_value(gimli::DW_AT_type);
            found = ty.and_then(|value| units.reference(unit, value));
        }
    });
    found
}

fn variant_part(units: &Units, unit: &Unit, entry: &Entry) -> VariantPart {
    let tag = entry
        .attr_value(gimli::DW_AT_discr)
        .and_then(|value| units.reference(unit, value));
    let mut found = VariantPart {
        tag: None,
        variants: Vec::new(),
    };
    each_child(unit, entry, |child| match child.tag() {
        gimli::DW_TAG_member if Some(DieId(unit.start.saturating_add(child.offset().0))) == tag => {
            found.tag = member(units, unit, child);
        }
        gimli::DW_TAG_variant => {
            let mut members = Vec::new();
            each_child(unit, child, |inner| {
                if inner.tag() == gimli::DW_TAG_member {
                    members.extend(member(units, unit, inner));
                }
            });
            let tag = child.attr(gimli::DW_AT_discr_value).and_then(|value| {
                value
                    .udata_value()
                    .or_else(|| value.sdata_value().map(|value| value as u64))
            });
            found.variants.push(Variant { tag, members });
        }
        _ => {}
    });
    found
}

/// What a member of Rust holds that is a function by its type: no bytes. The compiler describes it as the pointer that it
/// can become, but for the alignment.
fn function_item(units: &Units, unit: &Unit, entry: &Entry, ty: DieId) -> Option<DieId> {
    let alignment = entry.attr(gimli::DW_AT_alignment)?.udata_value();
    if unit.summary.language != Language::Rust || alignment != Some(1) {
        return None;
    }
    let (unit, pointer) = units.entry(ty)?;
    let to = units.reference(unit, pointer.attr_value(gimli::DW_AT_type)?)?;
    let (_, target) = units.entry(to)?;
    let function = target.tag() == gimli::DW_TAG_subroutine_type;
    (pointer.tag() == gimli::DW_TAG_pointer_type && function).then_some(to)
}

fn member(units: &Units, unit: &Unit, entry: &Entry) -> Option<Member> {
    // A static member is declared here and lies elsewhere.
    if entry.attr(gimli::DW_AT_external).is_some() || entry.attr(gimli::DW_AT_declaration).is_some() {
        return None;
    }
    let ty = units.reference(unit, entry.attr_value(gimli::DW_AT_type)?)?;
    let ty = function_item(units, unit, entry, ty).unwrap_or(ty);
    let name = entry
        .attr_value(gimli::DW_AT_name)
        .and_then(|value| units.string(&unit.dwarf, value));
    let number = |name| entry.attr(name).and_then(|attribute| attribute.udata_value());
    let location = entry.attr_value(gimli::DW_AT_data_member_location);
    let virtual_base = match &location {
        Some(Value::Exprloc(expression)) => virtual_base(expression.clone(), unit),
        _ => None,
    };
    let byte = match location {
        None => Some(0),
        Some(Value::Exprloc(expression)) => plain_offset(expression, unit),
        Some(_) => number(gimli::DW_AT_data_member_location),
    };
    let place = match (number(gimli::DW_AT_bit_size), byte) {
        (Some(len), Some(byte)) => {
            let first = match number(gimli::DW_AT_data_bit_offset) {
                Some(first) => Some(first),
                None => match number(gimli::DW_AT_bit_offset) {
                    // The old form counts from the storage unit's high end.
                    Some(high) => storage_size(units, entry, unit, ty)
                        .and_then(|size| size.checked_mul(8)?.checked_sub(high)?.checked_sub(len))
                        .and_then(|first| byte.checked_mul(8)?.checked_add(first)),
                    None => byte.checked_mul(8),
                },
            };
            MemberPlace::Bits { first: first?, len }
        }
        (None, Some(byte)) => MemberPlace::Bytes(byte),
        (_, None) => match virtual_base {
            Some(before) => MemberPlace::VirtualBase { before },
            None => MemberPlace::Computed,
        },
    };
    let name = name.filter(|name| !name.is_empty());
    Some(Member {
        name,
        ty,
        place,
        base: entry.tag() == gimli::DW_TAG_inheritance,
    })
}

fn storage_size(units: &Units, entry: &Entry, unit: &Unit, ty: DieId) -> Option<u64> {
    let own = entry
        .attr(gimli::DW_AT_byte_size)
        .and_then(|size| size.udata_value());
    own.or_else(|| {
        let mut ty = ty;
        for _ in 0..DEPTH_LIMIT {
            let (_, entry) = units.entry(ty)?;
            if let Some(size) = entry
                .attr(gimli::DW_AT_byte_size)
                .and_then(|size| size.udata_value())
            {
                return Some(size);
            }
            ty = units.reference(unit, entry.attr_value(gimli::DW_AT_type)?)?;
        }
        None
    })
}

/// Where the distance of a virtual base stands before the virtual table, as compilers write it: the table's address
/// less a constant is read, and what is there added to the object's address.
fn virtual_base(expression: gimli::Expression<crate::sections::Reader>, unit: &Unit) -> Option<u64> {
    use gimli::Operation::{Deref, Minus, Pick, Plus, UnsignedConstant};
    let mut operations = expression.operations(unit.dwarf.encoding());
    let mut next = || operations.next().ok().flatten();
    let (Some(Pick { index: 0 }), Some(Deref { .. })) = (next(), next()) else {
        return None;
    };
    let Some(UnsignedConstant { value }) = next() else {
        return None;
    };
    let rest = (next(), next(), next(), next());
    matches!(rest, (Some(Minus), Some(Deref { .. }), Some(Plus), None)).then_some(value)
}

/// The constant of an expression that only adds one.
fn plain_offset(expression: gimli::Expression<crate::sections::Reader>, unit: &Unit) -> Option<u64> {
    let mut operations = expression.operations(unit.dwarf.encoding());
    let first = operations.next().ok()??;
    let alone = operations.next().ok()?.is_none();
    match first {
        gimli::Operation::PlusConstant { value } if alone => Some(value),
        gimli::Operation::UnsignedConstant { value } if alone => Some(value),
        _ => None,
    }
}

fn enumerators(units: &Units, unit: &Unit, entry: &Entry) -> Vec<(String, i64)> {
    let mut found = Vec::new();
    each_child(unit, entry, |child| {
        if child.tag() == gimli::DW_TAG_enumerator {
            let name = child
                .attr_value(gimli::DW_AT_name)
                .and_then(|value| units.string(&unit.dwarf, value));
            let value = child.attr(gimli::DW_AT_const_value);
            let value = value.and_then(|value| {
                value
                    .udata_value()
                    .map(|value| value as i64)
                    .or_else(|| value.sdata_value())
            });
            found.extend(name.zip(value));
        }
    });
    found
}

fn dimensions(unit: &Unit, entry: &Entry) -> Vec<Option<u64>> {
    let mut found = Vec::new();
    each_child(unit, entry, |child| {
        if child.tag() == gimli::DW_TAG_subrange_type && found.len() < DEPTH_LIMIT {
            let number = |name| child.attr(name).and_then(|attribute| attribute.udata_value());
            let count = number(gimli::DW_AT_count).or_else(|| {
                match child.attr_value(gimli::DW_AT_upper_bound)? {
                    // An upper bound of -1 is an array without elements.
                    Value::Sdata(-1) | Value::Data4(u32::MAX) | Value::Data8(u64::MAX) => Some(0),
                    upper => upper.udata_value()?.checked_add(1),
                }
            });
            found.push(count);
        }
    });
    if found.is_empty() {
        found.push(None);
    }
    found
}

/// The DIEs that the lengths of an array are kept in, one for each dimension whose length the program computed.
pub(crate) fn computed_lengths(units: &Units, array: DieId) -> Vec<Option<DieId>> {
    let mut found = Vec::new();
    if let Some((unit, entry)) = units.entry(array) {
        each_child(unit, &entry, |child| {
            if child.tag() == gimli::DW_TAG_subrange_type && found.len() < DEPTH_LIMIT {
                let count = child.attr_value(gimli::DW_AT_count);
                found.push(count.and_then(|value| units.reference(unit, value)));
            }
        });
    }
    found
}

/// The name of an array of elements of a named type, as its language writes it.
pub(crate) fn array_name(language: Language, element: String, dimensions: &[Option<u64>]) -> String {
    let len = |dimension: &Option<u64>| dimension.map_or_else(String::new, |len| len.to_string());
    let inward = dimensions.iter();
    match language {
        Language::Rust => inward.rfold(element, |element, dimension| match dimension {
            Some(len) => format!("[{element}; {len}]"),
            None => format!("[{element}]"),
        }),
        Language::Zig => inward.rfold(element, |element, dimension| {
            format!("[{}]{element}", len(dimension))
        }),
        _ => inward.fold(format!("{element} "), |name, dimension| {
            format!("{name}[{}]", len(dimension))
        }),
    }
}
