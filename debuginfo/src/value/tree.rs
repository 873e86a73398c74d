//! Nodes of the lazy value tree: one line each, children on demand.
//!
//! # Invariants
//! - A node's children are at most [`PAGE`] elements or the members of one record, and `[raw]`, which is always
//!   there where a renderer shows something else than the members.
//! - A [`ValueRef`] is all that `children` needs: a type, a place and which part.

use super::line::{LINE_DEPTH, captured, shortened, tuple_field};
use super::read::Located;
use super::{Item, Items, Values, View, reason};
use crate::dwarf::DieId;
use crate::dwarf::types::{Member, RecordKind, Shape, Type, array_name};
use crate::{Availability, Language, Part, Place, ValueNode, ValueRef, VariableKind};

/// Elements under one node.
const PAGE: u64 = 100;
/// Views that lead to other values, one after the other.
const VIEW_LIMIT: usize = 8;
/// Name of the node that leads to plain members.
const RAW: &str = "[raw]";
/// Members under one node.
const MEMBER_LIMIT: usize = 4096;
/// Entries of one container that are walked to.
const ENTRY_LIMIT: u64 = 1 << 16;

impl<'a> Values<'a> {
    /// The node of a variable or of an expression's value at a place, or of its absence.
    pub fn node(
        &self,
        name: String,
        ty: DieId,
        place: Result<Place, Availability>,
        kind: Option<VariableKind>,
    ) -> ValueNode {
        let node = self.node_of(name, ty, place, kind);
        // What an expression leads to is an object as a whole; a variable or a member is what its type says.
        let address = node.address.filter(|_| kind.is_none());
        match address.and_then(|address| Some((address, self.derived_object(ty, address)?))) {
            Some((address, (class, object))) => ValueNode {
                expand: Some(reference(class, Place::Memory(object), Part::Whole)),
                ..self.written(node, self.object_line(ty, &Place::Memory(address), LINE_DEPTH))
            },
            None => node,
        }
    }

    /// The node of a value as its type says.
    fn node_of(
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
            node.address = place.address();
            // A reference shows as much as what it leads to.
            let refers = self.strip(ty).is_some_and(|full| self.is_transparent(&full));
            let line = self.line(ty, &place, LINE_DEPTH.saturating_add(refers.into()));
            if self.expandable(ty, &place, line.is_ok(), VIEW_LIMIT) {
                node.expand = Some(reference(ty, place, Part::Whole));
            }
            line
        });
        self.written(node, line)
    }

    /// A node with its line, or the reason why there is none.
    fn written(&self, mut node: ValueNode, line: Result<String, Availability>) -> ValueNode {
        match line {
            Ok(line) => node.text = shortened(line),
            Err(availability) => {
                node.text = reason(&availability);
                node.availability = availability;
            }
        }
        node
    }

    /// The node of an array whose lengths the program computed.
    pub fn computed_array(
        &self,
        name: String,
        array: &Type,
        lengths: &[Option<u64>],
        place: Result<Place, Availability>,
        kind: Option<VariableKind>,
    ) -> ValueNode {
        let element = match &array.shape {
            Shape::Array { element, .. } => *element,
            _ => array.id,
        };
        let mut node = self.row(name, array, element, place, lengths);
        node.kind = kind;
        node
    }

    fn expandable(&self, ty: DieId, place: &Place, readable: bool, depth: usize) -> bool {
        let (Some(full), Some(depth)) = (self.strip(ty), depth.checked_sub(1)) else {
            return false;
        };
        match &full.shape {
            Shape::Pointer { to, .. } => {
                let Some(target) = to.and_then(|to| self.strip(to)) else {
                    return false;
                };
                let at = self.target_of(&full, place);
                let Some(at) = at.ok().filter(|at| *at != Place::Memory(0)) else {
                    return false;
                };
                if self.is_transparent(&full) {
                    return self.expandable(target.id, &at, readable, depth);
                }
                !matches!(target.shape, Shape::Function { .. } | Shape::Opaque)
                    && !self.is_plain_char(target.id)
                    && !matches!(target.shape, Shape::Record { complete: false, .. })
            }
            Shape::Record {
                members, variants, ..
            } => match (self.rendered(&full, place), variants) {
                (Some(_), _) => true,
                (None, Some(part)) => match self.variant(part, place) {
                    Ok(View::Variant { members, .. }) => readable && !members.is_empty(),
                    _ => false,
                },
                (None, None) => readable && !members.is_empty(),
            },
            Shape::Array { dimensions, .. } => {
                readable
                    && dimensions
                        .iter()
                        .all(|dimension| dimension.is_some_and(|count| count > 0))
            }
            _ => false,
        }
    }

    /// The children of a node.
    pub fn children(&self, value: &ValueRef) -> Vec<ValueNode> {
        let Ok(id) = usize::try_from(value.type_offset).map(DieId) else {
            return Vec::new();
        };
        match &value.part {
            Part::Whole => self.inside(id, &value.place, VIEW_LIMIT),
            Part::Raw => self.raw_members(id, &value.place),
            Part::Elements { first, count } => self.elements(id, &value.place, *first, *count),
            Part::Entries { first, count } => {
                let full = self.strip(id);
                match full.and_then(|full| self.rendered(&full, &value.place)) {
                    Some((_, View::Entries { len, items, .. })) => {
                        self.some_entries((id, &value.place), len, items, *first, *count)
                    }
                    _ => Vec::new(),
                }
            }
            Part::Rows { first, lengths } => {
                let lengths: Vec<Option<u64>> = lengths.iter().copied().map(Some).collect();
                self.rows(id, &value.place, *first, &lengths)
            }
        }
    }

    fn raw_members(&self, id: DieId, place: &Place) -> Vec<ValueNode> {
        match self.strip(id).map(|full| full.shape.clone()) {
            Some(Shape::Record { members, .. }) => self.members(&members, place),
            _ => Vec::new(),
        }
    }

    fn inside(&self, id: DieId, place: &Place, depth: usize) -> Vec<ValueNode> {
        let (Some(full), Some(depth)) = (self.strip(id), depth.checked_sub(1)) else {
            return Vec::new();
        };
        match &full.shape {
            Shape::Array { element, dimensions } => self.rows(*element, place, 0, dimensions),
            Shape::Pointer { to: Some(to), .. } => {
                let target = match self.target_of(&full, place) {
                    Err(_) | Ok(Place::Memory(0)) => return Vec::new(),
                    Ok(target) => target,
                };
                let dynamic = target
                    .address()
                    .and_then(|address| self.dynamic_class(*to, address));
                if let Some((_, Some((class, object)))) = dynamic {
                    return self.inside(class, &Place::Memory(object), depth);
                }
                match self.strip(*to).map(|to| to.shape.clone()) {
                    Some(Shape::Record { .. } | Shape::Array { .. }) => {
                        let nodes = self.inside(*to, &target, depth);
                        // A text has nothing inside; the address alone does not show it.
                        match self.is_transparent(&full) || nodes.iter().any(|node| node.name != RAW) {
                            true => nodes,
                            false => vec![self.node_of("*".to_string(), *to, Ok(target), None)],
                        }
                    }
                    // Of what has no size nothing can be shown.
                    None | Some(Shape::Opaque) => Vec::new(),
                    _ if self.is_transparent(&full) => self.inside(*to, &target, depth),
                    _ => vec![self.node_of("*".to_string(), *to, Ok(target), None)],
                }
            }
            Shape::Record {
                members, variants, ..
            } => match (self.rendered(&full, place), variants) {
                (Some((_, View::Broken(_))), _) => self.members(members, place),
                (Some((_, view)), _) => {
                    let mut nodes = self.view_children(&full, place, view, depth);
                    nodes.push(self.raw(&full, members, place));
                    nodes
                }
                (None, Some(part)) => match self.variant(part, place) {
                    Ok(View::Variant { members, place, .. }) => self.members(&members, &place),
                    _ => Vec::new(),
                },
                (None, None) => self.members(members, place),
            },
            _ => Vec::new(),
        }
    }

    fn view_children(&self, ty: &Type, place: &Place, view: View<'a>, depth: usize) -> Vec<ValueNode> {
        match view {
            View::Text { .. } | View::Word(_) | View::Written(_) | View::Broken(_) => Vec::new(),
            View::Sequence {
                element,
                address,
                len,
            } => self.elements(element, &Place::Memory(address), 0, len),
            View::Entries { len, items, .. } => {
                self.some_entries((ty.id, place), len, items, 0, len.unwrap_or(ENTRY_LIMIT))
            }
            View::Same { ty, place } | View::Dynamic { ty, place } => self.led_to(ty, &place, depth),
            View::Shared { view, strong, weak } => {
                let mut nodes = self.view_children(ty, place, *view, depth);
                for (name, count) in [("[strong]", strong), ("[weak]", weak)] {
                    nodes.push(ValueNode {
                        text: count.to_string(),
                        ..blank(name.to_string(), "count".to_string())
                    });
                }
                nodes
            }
            View::Tuple(parts) => {
                let named = |(index, (ty, place)): (usize, (DieId, Place))| {
                    self.node_of(format!("[{index}]"), ty, Ok(place), None)
                };
                parts
                    .into_iter()
                    .take(MEMBER_LIMIT)
                    .enumerate()
                    .map(named)
                    .collect()
            }
            View::Variant { members, place, .. } => self.members(&members, &place),
        }
    }

    /// What is inside a value that another only leads to; the way to its plain members is through the other's.
    fn led_to(&self, ty: DieId, place: &Place, depth: usize) -> Vec<ValueNode> {
        let mut nodes = self.inside(ty, place, depth);
        nodes.retain(|node| node.name != RAW);
        nodes
    }

    /// The node that leads to a value's plain members.
    fn raw(&self, ty: &Type, members: &[Member], place: &Place) -> ValueNode {
        let node = ValueNode {
            address: place.address(),
            len_bytes: ty.size,
            expand: (!members.is_empty()).then(|| reference(ty.id, place.clone(), Part::Raw)),
            ..blank(RAW.to_string(), self.type_name(ty.id))
        };
        self.written(node, self.members_line(members, place, ty.language, 1))
    }

    /// Entries `first..first + count` of a container: in ranges if there are many, page by page if their number
    /// is not known.
    fn some_entries(
        &self,
        (ty, place): (DieId, &Place),
        len: Option<u64>,
        items: Items<'a>,
        first: u64,
        count: u64,
    ) -> Vec<ValueNode> {
        let range = |name: String, first: u64, count: u64| ValueNode {
            expand: Some(reference(ty, place.clone(), Part::Entries { first, count })),
            ..blank(name, self.type_name(ty))
        };
        let count = count.min(ENTRY_LIMIT.saturating_sub(first));
        let end = first.saturating_add(count);
        let mut nodes = match len {
            Some(_) if count > PAGE => self.pages(count, |start, len| {
                let start = first.saturating_add(start);
                range(range_name(start, len), start, len)
            }),
            Some(_) => self.entries(items, first, count),
            None => {
                let mut nodes = self.entries(items, first, count.min(PAGE.saturating_add(1)));
                if nodes.len() as u64 > PAGE {
                    nodes.truncate(PAGE as usize);
                    let next = first.saturating_add(PAGE);
                    nodes.push(range(format!("[{next}..]"), next, count.saturating_sub(PAGE)));
                }
                nodes
            }
        };
        if end == ENTRY_LIMIT && len.is_some_and(|len| len > end) {
            let node = blank(format!("[{end}..]"), self.type_name(ty));
            let why = format!("only the first {ENTRY_LIMIT} entries are walked to");
            nodes.push(self.written(node, Err(Availability::Unsupported(why))));
        }
        nodes
    }

    /// Entries `first..first + count` of a container, a page of them at most.
    fn entries(&self, items: Items<'a>, first: u64, count: u64) -> Vec<ValueNode> {
        let limit = count.min(PAGE.saturating_add(1));
        let skipped = usize::try_from(first.min(ENTRY_LIMIT)).unwrap_or(0);
        let shown = usize::try_from(limit).unwrap_or(0);
        let entry = |(index, item): (u64, Result<Item, String>)| match item {
            Ok(Item { key: None, value }) => self.node_of(format!("[{index}]"), value.0, Ok(value.1), None),
            Ok(Item {
                key: Some((ty, place)),
                value,
            }) => {
                let key = self.line(ty, &place, LINE_DEPTH);
                let key = shortened(key.unwrap_or_else(|why| reason(&why)));
                self.node_of(format!("[{key}]"), value.0, Ok(value.1), None)
            }
            Err(why) => {
                let node = blank(format!("[{index}]"), String::new());
                self.written(node, Err(Availability::NotReadable(why)))
            }
        };
        (0u64..).zip(items).skip(skipped).take(shown).map(entry).collect()
    }

    /// The members of a record as nodes; those of unnamed members stand among them.
    pub fn members(&self, members: &[Member], place: &Place) -> Vec<ValueNode> {
        let mut nodes = Vec::new();
        for member in members.iter().take(MEMBER_LIMIT) {
            let name = match &member.name {
                Some(name) => name
                    .strip_prefix("__")
                    .filter(|_| tuple_field(name))
                    .unwrap_or(captured(name))
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
                Ok(Located::Place(place)) => self.node_of(name, member.ty, Ok(place), None),
                Ok(Located::Bits(bits)) => {
                    let mut node = self.node_of(name, member.ty, Err(Availability::OptimizedOut), None);
                    node.text = self.bits(member.ty, bits);
                    node.availability = Availability::Available;
                    node
                }
                Err(availability) => self.node_of(name, member.ty, Err(availability), None),
            });
        }
        nodes
    }

    /// Rows of an array's outer dimension, from `first` on; in ranges if there are many.
    fn rows(&self, element: DieId, place: &Place, first: u64, dimensions: &[Option<u64>]) -> Vec<ValueNode> {
        let Some((Some(count), inner)) = dimensions.split_first().map(|(rows, inner)| (*rows, inner)) else {
            return Vec::new();
        };
        if inner.is_empty() {
            return self.elements(element, place, first, count);
        }
        let lengths: Option<Vec<u64>> = inner.iter().copied().collect();
        let Some((size, lengths)) = self.row_size(element, inner).zip(lengths) else {
            return Vec::new();
        };
        let language = self.get(element).map_or(Language::Other, |ty| ty.language);
        if count > PAGE {
            let row_type = array_name(language, self.type_name(element), inner);
            return self.pages(count, |start, len| {
                let start = first.saturating_add(start);
                let lengths = [&[len], lengths.as_slice()].concat();
                let part = Part::Rows {
                    first: start,
                    lengths,
                };
                ValueNode {
                    address: place
                        .address()
                        .and_then(|address| address.checked_add(start.saturating_mul(size))),
                    len_bytes: len.checked_mul(size),
                    expand: Some(reference(element, place.clone(), part)),
                    ..blank(range_name(start, len), row_type.clone())
                }
            });
        }
        (first..first.saturating_add(count))
            .map(|row| {
                let at = self.part(place, row.saturating_mul(size), Some(size));
                self.row_in(format!("[{row}]"), language, element, at, inner)
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
        self.row_in(name, array.language, element, at, inner)
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
        let language = self.get(element).map_or(Language::Other, |ty| ty.language);
        let mut node = self.row_in(name, language, element, Ok(Place::Memory(address)), &[Some(len)]);
        node.kind = kind;
        node
    }

    fn row_in(
        &self,
        name: String,
        language: Language,
        element: DieId,
        at: Result<Place, Availability>,
        inner: &[Option<u64>],
    ) -> ValueNode {
        let line = at
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|at| self.array_line(element, inner, at, language, LINE_DEPTH));
        let place = at.ok();
        let lengths: Option<Vec<u64>> = inner.iter().copied().collect();
        let lengths = lengths.filter(|lengths| line.is_ok() && lengths.iter().all(|&count| count > 0));
        let node = ValueNode {
            address: place.as_ref().and_then(Place::address),
            len_bytes: self.row_size(element, inner),
            expand: place
                .zip(lengths)
                .map(|(place, lengths)| reference(element, place, Part::Rows { first: 0, lengths })),
            ..blank(name, array_name(language, self.type_name(element), inner))
        };
        self.written(node, line)
    }

    /// Elements `first..first + count` of a sequence at `place`; in ranges if there are many.
    fn elements(&self, element: DieId, place: &Place, first: u64, count: u64) -> Vec<ValueNode> {
        let size = self.size(element).unwrap_or(0);
        if count > PAGE {
            let type_name = self.type_name(element);
            return self.pages(count, |start, len| {
                let start = first.saturating_add(start);
                let offset = start.saturating_mul(size);
                let part = Part::Elements {
                    first: start,
                    count: len,
                };
                ValueNode {
                    address: place.address().and_then(|address| address.checked_add(offset)),
                    len_bytes: len.checked_mul(size),
                    expand: Some(reference(element, place.clone(), part)),
                    ..blank(range_name(start, len), type_name.clone())
                }
            });
        }
        (first..first.saturating_add(count))
            .map(|index| {
                let at = self.part(place, index.saturating_mul(size), Some(size));
                self.node_of(format!("[{index}]"), element, at, None)
            })
            .collect()
    }

    /// Nodes for ranges of `count` things, at most [`PAGE`] of them.
    fn pages(&self, count: u64, node: impl Fn(u64, u64) -> ValueNode) -> Vec<ValueNode> {
        let mut step = PAGE;
        while count.div_ceil(step) > PAGE {
            step = step.saturating_mul(PAGE);
        }
        let mut nodes = Vec::new();
        let mut start = 0u64;
        while start < count {
            let len = step.min(count.saturating_sub(start));
            nodes.push(node(start, len));
            start = start.saturating_add(len);
        }
        nodes
    }

    /// Size of a row with these dimensions.
    pub fn row_size(&self, element: DieId, inner: &[Option<u64>]) -> Option<u64> {
        let count = inner
            .iter()
            .try_fold(1u64, |all, dimension| all.checked_mul((*dimension)?))?;
        self.size(element)?.checked_mul(count)
    }
}

fn reference(ty: DieId, place: Place, part: Part) -> ValueRef {
    ValueRef {
        type_offset: ty.0 as u64,
        place,
        part,
    }
}

/// A node that says nothing yet.
fn blank(name: String, type_name: String) -> ValueNode {
    ValueNode {
        name,
        type_name,
        kind: None,
        text: String::new(),
        availability: Availability::Available,
        address: None,
        len_bytes: None,
        expand: None,
    }
}

fn range_name(first: u64, count: u64) -> String {
    format!("[{first}..{}]", first.saturating_add(count).saturating_sub(1))
}
