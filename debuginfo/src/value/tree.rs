//! Nodes of the lazy value tree: one line each, children on demand.
//!
//! # Invariants
//! - A line is bounded in length, depth and reads; a node's children are at most [`PAGE`] elements or the
//!   members of one record.
//! - A [`ValueRef`] is all that `children` needs: a type and a place. For `count` > 0 it stands for elements:
//!   if its type is an array with `count` elements in its inner dimensions, for such a row; otherwise for
//!   elements `first..first + count` of its type, the place being that of element 0.

use super::read::Located;
use super::{Values, View, reason};
use crate::dwarf::DieId;
use crate::dwarf::types::{Member, PointerKind, RecordKind, Shape, Type, VariantPart};
use crate::{Availability, Language, Place, ValueNode, ValueRef, VariableKind};
use std::sync::Arc;

/// Elements under one node.
pub(crate) const PAGE: u64 = 100;
/// Length at which a line stops taking more members.
const LINE_LIMIT: usize = 100;
/// Bytes of a line, whatever is on it.
const TEXT_BYTES: usize = 4000;
/// Records inside each other on one line.
const LINE_DEPTH: usize = 3;
/// Elements of an array on one line.
const LINE_ELEMENTS: u64 = 16;
/// Views that lead to other values, one after the other.
const VIEW_LIMIT: usize = 8;
/// Members under one node.
const MEMBER_LIMIT: usize = 4096;

impl Values<'_> {
    /// The node of a value at a place, or of its absence.
    pub fn node(
        &self,
        name: String,
        ty: DieId,
        place: Result<Place, Availability>,
        kind: Option<VariableKind>,
    ) -> ValueNode {
        let mut node = ValueNode {
            name,
            type_name: self.type_name(ty),
            kind,
            text: String::new(),
            availability: Availability::Available,
            address: None,
            len_bytes: self.size(ty),
            expand: None,
        };
        let line = place.and_then(|place| {
            if let Place::Memory(address) = place {
                node.address = Some(address);
            }
            let line = self.line(ty, &place, LINE_DEPTH)?;
            if self.expandable(ty, &place, VIEW_LIMIT) {
                node.expand = Some(ValueRef {
                    type_offset: ty.0 as u64,
                    place,
                    first: 0,
                    count: 0,
                });
            }
            Ok(line)
        });
        match line {
            Ok(line) => node.text = shortened(line),
            Err(availability) => {
                node.text = reason(&availability);
                node.availability = availability;
            }
        }
        node
    }

    /// The node of `len` elements in memory, for arrays whose type does not say how many.
    pub fn counted(
        &self,
        name: String,
        element: DieId,
        address: u64,
        len: u64,
        kind: Option<VariableKind>,
    ) -> ValueNode {
        let place = Place::Memory(address);
        let language = self.get(element).map_or(Language::Other, |ty| ty.language);
        let line = match self.is_char(element) {
            true => self.char_array(&place, len),
            false => self.elements_line(element, &place, len, language, LINE_DEPTH),
        };
        let (text, availability) = match line {
            Ok(line) => (shortened(line), Availability::Available),
            Err(error) => (reason(&error), error),
        };
        ValueNode {
            name,
            type_name: format!("{} [{len}]", self.type_name(element)),
            kind,
            text,
            availability,
            address: Some(address),
            len_bytes: self.size(element).and_then(|size| size.checked_mul(len)),
            expand: (len > 0).then_some(ValueRef {
                type_offset: element.0 as u64,
                place,
                first: 0,
                count: len,
            }),
        }
    }

    /// A value on one line.
    pub fn line(&self, ty: DieId, place: &Place, depth: usize) -> Result<String, Availability> {
        let full = self.strip(ty).ok_or_else(unknown_type)?;
        if let Some(line) = self.scalar(&full, place) {
            return line;
        }
        let Some(deeper) = depth.checked_sub(1) else {
            return Ok("{...}".to_string());
        };
        if let Some(view) = self.view(&full, place) {
            return self.view_line(view?, &full, depth);
        }
        match &full.shape {
            Shape::Pointer { to, .. } => {
                let address = self.number(place, 0, full.size.unwrap_or(4))?;
                match to {
                    Some(to) => self.line(*to, &Place::Memory(address), deeper),
                    None => Ok(format!("{address:#x}")),
                }
            }
            Shape::Record {
                members,
                variants,
                complete,
                ..
            } => {
                if !complete {
                    return Ok("(its members are not known here)".to_string());
                }
                if let Some(part) = variants {
                    let view = self.variant(part, place)?;
                    return self.view_line(view, &full, depth);
                }
                self.members_line(members, place, full.language, deeper)
            }
            Shape::Array { element, dimensions } => {
                self.array_line(*element, dimensions, place, full.language, deeper)
            }
            Shape::Function { .. } => Ok("a function".to_string()),
            Shape::Opaque => Ok(match place {
                Place::Memory(address) => format!("at {address:#x}"),
                Place::Bytes(_) => "{...}".to_string(),
            }),
            Shape::Base { .. } | Shape::Enum { .. } | Shape::Alias { .. } => Err(unknown_type()),
        }
    }

    fn members_line(
        &self,
        members: &[Member],
        place: &Place,
        language: Language,
        depth: usize,
    ) -> Result<String, Availability> {
        // A record that cannot be read at all says so once, not per member.
        let mut parts = List::new();
        let mut failed = None;
        let mut read = 0usize;
        for member in members.iter().take(LINE_LIMIT) {
            let value = match self.member(place, member) {
                Ok(Located::Place(place)) => self.line(member.ty, &place, depth),
                Ok(Located::Bits(bits)) => Ok(self.bits(member.ty, bits)),
                Err(error) => Err(error),
            };
            let value = match value {
                Ok(value) => {
                    read += 1;
                    value
                }
                Err(error) => {
                    let words = reason(&error);
                    failed = failed.or(Some(error));
                    words
                }
            };
            let named = match &member.name {
                Some(name) if language == Language::Rust && tuple_field(name) => value,
                Some(name) if language == Language::Rust => format!("{name}: {value}"),
                Some(name) if language == Language::Zig => format!(".{name} = {value}"),
                Some(name) => format!("{name} = {value}"),
                None if member.base => value,
                None => value,
            };
            if !parts.add(named) {
                break;
            }
        }
        match failed {
            Some(error) if read == 0 => Err(error),
            _ => {
                let tuple = language == Language::Rust
                    && !members.is_empty()
                    && members
                        .iter()
                        .all(|member| member.name.as_deref().is_some_and(tuple_field));
                Ok(if tuple {
                    parts.close("(", ")")
                } else {
                    parts.close("{", "}")
                })
            }
        }
    }

    fn array_line(
        &self,
        element: DieId,
        dimensions: &[Option<u64>],
        place: &Place,
        language: Language,
        depth: usize,
    ) -> Result<String, Availability> {
        let Some((Some(count), inner)) = dimensions.split_first().map(|(first, inner)| (*first, inner))
        else {
            return Ok("[]".to_string());
        };
        if inner.is_empty() {
            if self.is_char(element) {
                return self.char_array(place, count);
            }
            return self.elements_line(element, place, count, language, depth);
        }
        let size = self.row_size(element, inner).ok_or_else(unknown_type)?;
        let mut parts = List::new();
        for index in 0..count.min(LINE_ELEMENTS) {
            let row = self.part(place, index.saturating_mul(size), Some(size))?;
            if !parts.add(self.array_line(element, inner, &row, language, depth)?) {
                break;
            }
        }
        parts.more |= count > LINE_ELEMENTS;
        Ok(brackets(parts, language))
    }

    fn elements_line(
        &self,
        element: DieId,
        place: &Place,
        count: u64,
        language: Language,
        depth: usize,
    ) -> Result<String, Availability> {
        let size = self.size(element).ok_or_else(unknown_type)?;
        let mut parts = List::new();
        for index in 0..count.min(LINE_ELEMENTS) {
            let part = self.part(place, index.saturating_mul(size), Some(size))?;
            if !parts.add(self.line(element, &part, depth)?) {
                break;
            }
        }
        parts.more |= count > LINE_ELEMENTS;
        Ok(brackets(parts, language))
    }

    fn view_line(&self, view: View, ty: &Type, depth: usize) -> Result<String, Availability> {
        let Some(deeper) = depth.checked_sub(1) else {
            return Ok("{...}".to_string());
        };
        match view {
            View::Word(word) => Ok(word),
            View::Text { address, len } => {
                let want = len.min(super::c::TEXT_LIMIT as u64);
                let mut bytes = vec![0; usize::try_from(want).unwrap_or(0)];
                if len > 0 && !self.target.read_memory(address, &mut bytes) {
                    return Err(crate::dwarf::location::outside(address));
                }
                Ok(super::c::quoted(&bytes, want < len))
            }
            View::Sequence {
                element,
                address,
                len,
            } => {
                let items = self.elements_line(element, &Place::Memory(address), len, ty.language, deeper)?;
                Ok(if len > LINE_ELEMENTS {
                    format!("{items} ({len})")
                } else {
                    items
                })
            }
            View::Same { ty, place } => self.line(ty, &place, deeper),
            View::Variant { name, members, place } => {
                if members.is_empty() {
                    return Ok(name);
                }
                let inner = self.members_line(&members, &place, ty.language, deeper)?;
                Ok(if inner.starts_with('(') {
                    format!("{name}{inner}")
                } else {
                    format!("{name} {inner}")
                })
            }
        }
    }

    /// The alternative of a tagged union that its tag selects.
    pub fn variant(&self, part: &VariantPart, place: &Place) -> Result<View, Availability> {
        let chosen = match &part.tag {
            Some(tag) => {
                let located = self.member(place, tag)?;
                let number = self.located_number(located, tag.ty);
                let len = self.size(tag.ty).unwrap_or(8);
                let number =
                    number.ok_or_else(|| Availability::NotReadable("its tag is not a number".to_string()))?;
                let mask = if len >= 8 {
                    u64::MAX
                } else {
                    (1u64 << len.saturating_mul(8)) - 1
                };
                let named = part
                    .variants
                    .iter()
                    .find(|variant| variant.tag.is_some_and(|tag| tag & mask == number & mask));
                named.or_else(|| part.variants.iter().find(|variant| variant.tag.is_none()))
            }
            None => part.variants.first(),
        };
        let chosen = chosen.and_then(|variant| variant.members.first());
        let member =
            chosen.ok_or_else(|| Availability::NotReadable("its tag selects no variant".to_string()))?;
        let Located::Place(inner) = self.member(place, member)? else {
            return Err(unknown_type());
        };
        let members = match self.strip(member.ty).map(|ty| ty.shape.clone()) {
            Some(Shape::Record { members, .. }) => members,
            _ => vec![member.clone()],
        };
        Ok(View::Variant {
            name: member.name.clone().unwrap_or_default(),
            members,
            place: inner,
        })
    }

    fn expandable(&self, ty: DieId, place: &Place, depth: usize) -> bool {
        let (Some(full), Some(depth)) = (self.strip(ty), depth.checked_sub(1)) else {
            return false;
        };
        match &full.shape {
            Shape::Pointer { to, kind } => {
                let Some(target) = to.and_then(|to| self.strip(to)) else {
                    return false;
                };
                if *kind != PointerKind::Pointer {
                    let address = self.number(place, 0, full.size.unwrap_or(4));
                    return address
                        .is_ok_and(|address| self.expandable(target.id, &Place::Memory(address), depth));
                }
                let null = self
                    .number(place, 0, full.size.unwrap_or(4))
                    .is_ok_and(|address| address == 0);
                !null
                    && !matches!(target.shape, Shape::Function { .. } | Shape::Opaque)
                    && !self.is_char(target.id)
                    && !matches!(target.shape, Shape::Record { complete: false, .. })
            }
            Shape::Record {
                members, variants, ..
            } => match self.resolved(&full, place) {
                Some(Ok(View::Text { .. } | View::Word(_))) | Some(Err(_)) => false,
                Some(Ok(View::Sequence { len, .. })) => len > 0,
                Some(Ok(View::Variant { members, .. })) => !members.is_empty(),
                Some(Ok(View::Same { ty, place })) => ty != full.id && self.expandable(ty, &place, depth),
                None => !members.is_empty() || variants.is_some(),
            },
            Shape::Array { dimensions, .. } => dimensions
                .iter()
                .all(|dimension| dimension.is_some_and(|count| count > 0)),
            _ => false,
        }
    }

    /// The view of a record, following those that only lead to another record.
    fn resolved(&self, ty: &Arc<Type>, place: &Place) -> Option<Result<View, Availability>> {
        let mut ty = ty.clone();
        let mut place = place.clone();
        let mut led = false;
        for _ in 0..VIEW_LIMIT {
            let view = match self.view(&ty, &place) {
                Some(view) => view,
                None => match &ty.shape {
                    Shape::Record {
                        variants: Some(part), ..
                    } => self.variant(part, &place),
                    _ if led => return Some(Ok(View::Same { ty: ty.id, place })),
                    _ => return None,
                },
            };
            match view {
                Ok(View::Same { ty: next, place: at }) => {
                    let full = self.strip(next)?;
                    led = true;
                    place = at;
                    if !matches!(full.shape, Shape::Record { .. }) {
                        return Some(Ok(View::Same { ty: full.id, place }));
                    }
                    ty = full;
                }
                other => return Some(other),
            }
        }
        None
    }

    /// The children of a node.
    pub fn children(&self, value: &ValueRef) -> Vec<ValueNode> {
        let Ok(id) = usize::try_from(value.type_offset).map(DieId) else {
            return Vec::new();
        };
        self.children_of(id, &value.place, value.first, value.count, VIEW_LIMIT)
    }

    fn children_of(&self, id: DieId, place: &Place, first: u64, count: u64, depth: usize) -> Vec<ValueNode> {
        let (Some(full), Some(depth)) = (self.strip(id), depth.checked_sub(1)) else {
            return Vec::new();
        };
        match &full.shape {
            Shape::Array { element, dimensions } => {
                let inner = if count > 0 {
                    trailing(dimensions, count)
                } else {
                    Some(dimensions.as_slice())
                };
                if let Some((Some(rows), inner)) = inner
                    .and_then(|d| d.split_first())
                    .map(|(rows, inner)| (*rows, inner))
                {
                    return self.rows(&full, *element, place, rows, inner);
                }
                if count > 0 {
                    self.elements(id, place, first, count)
                } else {
                    Vec::new()
                }
            }
            _ if count > 0 => self.elements(id, place, first, count),
            Shape::Pointer { to: Some(to), .. } => {
                let Ok(address) = self.number(place, 0, full.size.unwrap_or(4)) else {
                    return Vec::new();
                };
                let target = Place::Memory(address);
                match self.strip(*to).map(|to| to.shape.clone()) {
                    Some(Shape::Record { .. } | Shape::Array { .. }) => {
                        self.children_of(*to, &target, 0, 0, depth)
                    }
                    _ => vec![self.node("*".to_string(), *to, Ok(target), None)],
                }
            }
            Shape::Record { members, .. } => match self.resolved(&full, place) {
                Some(Ok(View::Sequence {
                    element,
                    address,
                    len,
                })) => self.elements(element, &Place::Memory(address), 0, len),
                Some(Ok(View::Variant { members, place, .. })) => self.members(&members, &place),
                Some(Ok(View::Same { ty, .. })) if ty == full.id => Vec::new(),
                Some(Ok(View::Same { ty, place })) => match self.strip(ty).map(|ty| ty.shape.clone()) {
                    Some(Shape::Record { members, .. }) => self.members(&members, &place),
                    _ => self.children_of(ty, &place, 0, 0, depth),
                },
                Some(_) => Vec::new(),
                None => self.members(members, place),
            },
            _ => Vec::new(),
        }
    }

    /// The members of a record as nodes; those of unnamed members stand among them.
    pub fn members(&self, members: &[Member], place: &Place) -> Vec<ValueNode> {
        let mut nodes = Vec::new();
        for member in members.iter().take(MEMBER_LIMIT) {
            let name = match &member.name {
                Some(name) => name
                    .strip_prefix("__")
                    .filter(|_| tuple_field(name))
                    .unwrap_or(name)
                    .to_string(),
                None if member.base => self.type_name(member.ty),
                None => {
                    let kind = match self.strip(member.ty).map(|ty| ty.shape.clone()) {
                        Some(Shape::Record {
                            kind: RecordKind::Union,
                            ..
                        }) => "(union)",
                        _ => "(unnamed)",
                    };
                    kind.to_string()
                }
            };
            nodes.push(match self.member(place, member) {
                Ok(Located::Place(place)) => self.node(name, member.ty, Ok(place), None),
                Ok(Located::Bits(bits)) => {
                    let mut node = self.node(name, member.ty, Err(Availability::OptimizedOut), None);
                    node.text = self.bits(member.ty, bits);
                    node.availability = Availability::Available;
                    node
                }
                Err(availability) => self.node(name, member.ty, Err(availability), None),
            });
        }
        nodes
    }

    /// The rows of an array's outer dimension.
    fn rows(
        &self,
        array: &Type,
        element: DieId,
        place: &Place,
        rows: u64,
        inner: &[Option<u64>],
    ) -> Vec<ValueNode> {
        if inner.is_empty() {
            return self.elements(element, place, 0, rows);
        }
        let Some(size) = self.row_size(element, inner) else {
            return Vec::new();
        };
        (0..rows.min(PAGE))
            .map(|row| {
                let at = self.part(place, row.saturating_mul(size), Some(size));
                self.row(format!("[{row}]"), array, element, at, inner)
            })
            .collect()
    }

    /// The node of one row of an array with several dimensions; `inner` are those of the row.
    pub fn row(
        &self,
        name: String,
        array: &Type,
        element: DieId,
        at: Result<Place, Availability>,
        inner: &[Option<u64>],
    ) -> ValueNode {
        let bounds: String = inner
            .iter()
            .map(|count| format!("[{}]", count.unwrap_or(0)))
            .collect();
        let line = at
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|at| self.array_line(element, inner, at, array.language, LINE_DEPTH));
        let (text, availability) = match line {
            Ok(line) => (shortened(line), Availability::Available),
            Err(error) => (reason(&error), error),
        };
        // The inner rows of one dimension are plain elements.
        let ty = if inner.len() == 1 { element } else { array.id };
        let count = product(inner).unwrap_or(0);
        let place = at.ok();
        ValueNode {
            name,
            type_name: format!("{} {bounds}", self.type_name(element)),
            kind: None,
            text,
            availability,
            address: match place {
                Some(Place::Memory(address)) => Some(address),
                _ => None,
            },
            len_bytes: self.row_size(element, inner),
            expand: place.filter(|_| count > 0).map(|place| ValueRef {
                type_offset: ty.0 as u64,
                place,
                first: 0,
                count,
            }),
        }
    }

    /// Elements `first..first + count` of a sequence at `place`; in ranges if there are many.
    fn elements(&self, element: DieId, place: &Place, first: u64, count: u64) -> Vec<ValueNode> {
        let size = self.size(element).unwrap_or(0);
        let end = first.saturating_add(count);
        if count > PAGE {
            // Ranges of a size that makes at most PAGE of them.
            let mut step = PAGE;
            while count.div_ceil(step) > PAGE {
                step = step.saturating_mul(PAGE);
            }
            let type_name = self.type_name(element);
            let mut nodes = Vec::new();
            let mut start = first;
            while start < end {
                let len = step.min(end - start);
                let offset = start.saturating_mul(size);
                nodes.push(ValueNode {
                    name: format!("[{start}..{}]", start.saturating_add(len).saturating_sub(1)),
                    type_name: type_name.clone(),
                    kind: None,
                    text: String::new(),
                    availability: Availability::Available,
                    address: match place {
                        Place::Memory(address) => Some(address.wrapping_add(offset)),
                        Place::Bytes(_) => None,
                    },
                    len_bytes: len.checked_mul(size),
                    expand: Some(ValueRef {
                        type_offset: element.0 as u64,
                        place: place.clone(),
                        first: start,
                        count: len,
                    }),
                });
                start = start.saturating_add(len);
            }
            return nodes;
        }
        (first..end)
            .map(|index| {
                let at = self.part(place, index.saturating_mul(size), Some(size));
                self.node(format!("[{index}]"), element, at, None)
            })
            .collect()
    }

    /// Size of a row with these dimensions.
    pub fn row_size(&self, element: DieId, inner: &[Option<u64>]) -> Option<u64> {
        self.size(element)?.checked_mul(product(inner)?)
    }
}

fn product(dimensions: &[Option<u64>]) -> Option<u64> {
    dimensions
        .iter()
        .try_fold(1u64, |all, dimension| all.checked_mul((*dimension)?))
}

/// The inner dimensions that together have `count` elements.
fn trailing(dimensions: &[Option<u64>], count: u64) -> Option<&[Option<u64>]> {
    let from = (1..dimensions.len())
        .rev()
        .find(|&from| dimensions.get(from..).and_then(product) == Some(count))?;
    dimensions.get(from..)
}

/// Whether a member name is a position (`__0`).
fn tuple_field(name: &str) -> bool {
    name.strip_prefix("__")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

fn brackets(parts: List, language: Language) -> String {
    if language == Language::Rust {
        parts.close("[", "]")
    } else {
        parts.close("{", "}")
    }
}

/// A line of bounded length; only names that are longer than any source would have them reach the bound.
fn shortened(mut line: String) -> String {
    if line.len() > TEXT_BYTES {
        let end = (0..=TEXT_BYTES)
            .rev()
            .find(|&end| line.is_char_boundary(end))
            .unwrap_or(0);
        line.truncate(end);
        line.push_str("...");
    }
    line
}

fn unknown_type() -> Availability {
    Availability::Unsupported("its type is missing in the debug information".to_string())
}

/// Parts of a line, until it is long enough.
struct List {
    text: String,
    more: bool,
}

impl List {
    fn new() -> List {
        List {
            text: String::new(),
            more: false,
        }
    }

    /// Adds a part, or dots if there is no room; whether there was.
    fn add(&mut self, part: String) -> bool {
        let long = self.text.len().saturating_add(part.len()) > LINE_LIMIT;
        if long && !self.text.is_empty() {
            self.more = true;
            return false;
        }
        if !self.text.is_empty() {
            self.text.push_str(", ");
        }
        self.text.push_str(&part);
        true
    }

    fn close(self, open: &str, end: &str) -> String {
        let more = match (self.more, self.text.is_empty()) {
            (false, _) => "",
            (true, true) => "...",
            (true, false) => ", ...",
        };
        format!("{open}{}{more}{end}", self.text)
    }
}
