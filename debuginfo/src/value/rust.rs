//! Rust: text, containers, smart pointers and times of the standard library.
//!
//! Found by the names of members, through whatever layers the library puts between; `None` for a layout that is
//! not the expected one.

use super::read::Located;
use super::{Item, Values, View};
use crate::Place;
use crate::dwarf::DieId;
use crate::dwarf::types::{Shape, Type};

/// Keys in a node of a B-tree.
const NODE_KEYS: u64 = 11;
/// Buckets of a hash table that are looked at.
const BUCKET_LIMIT: u64 = 1 << 22;
/// Levels of a B-tree; more than any that fits into memory has.
const TREE_HEIGHT: u64 = 16;

/// A type among the arguments of a generic one.
pub(super) fn argument(ty: &Type, index: usize) -> Option<DieId> {
    ty.arguments.get(index).map(|(_, ty)| *ty)
}

/// A pointer with a length beside it.
fn fat(values: &Values<'_>, ty: &Type, place: &Place) -> Option<(DieId, u64, u64)> {
    let (element, address) = values.find_pointer(ty.id, place)?;
    let len = values.find_number(ty.id, place, "length")?;
    Some((element, address, len))
}

pub(crate) fn text<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let (_, address, len) = fat(values, ty, place)?;
    Some(values.text(address, len))
}

pub(crate) fn slice<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let (element, address, len) = fat(values, ty, place)?;
    Some(values.sequence(element, address, len))
}

/// Address, length and capacity of a vector.
fn vector(values: &Values<'_>, ty: DieId, place: &Place) -> Option<(u64, u64, u64)> {
    let (_, address) = values.find_pointer(ty, place)?;
    let len = values.find_number(ty, place, "len")?;
    let room = values.word(ty, place, &["cap"])?;
    Some((address, len, room))
}

pub(crate) fn string<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let (address, len, room) = vector(values, ty.id, place)?;
    if len > room {
        let why = format!("claims {len} bytes in room for {room}");
        return Some(View::Broken(why));
    }
    Some(values.text(address, len))
}

pub(crate) fn vec<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let element = ty.argument(0)?;
    let (address, len, room) = vector(values, ty.id, place)?;
    if len > room && values.size(element)? > 0 {
        let why = format!("claims {len} elements in room for {room}");
        return Some(View::Broken(why));
    }
    Some(values.sequence(element, address, len))
}

pub(crate) fn vec_deque<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let element = ty.argument(0)?;
    let size = values.size(element)?;
    let (address, len, room) = vector(values, ty.id, place)?;
    let head = values.find_number(ty.id, place, "head")?;
    if size > 0 && (len > room || head > 0 && head >= room) {
        return Some(View::Broken(format!(
            "claims {len} elements from {head} on, in room for {room}"
        )));
    }
    if let Err(why) = values.claim(size, address, room.min(len.saturating_add(head)), "elements") {
        return Some(View::Broken(why));
    }
    let at = move |index: u64| {
        let index = head.checked_add(index)?.checked_rem(room.max(1))?;
        let at = address.checked_add(index.checked_mul(size)?)?;
        Some(Item::element(element, Place::Memory(at)))
    };
    let item = move |index| at(index).ok_or_else(|| format!("element {index} is outside memory"));
    Some(View::Entries {
        len: Some(len),
        braces: false,
        items: Box::new((0..len).map(item)),
    })
}

pub(crate) fn hash_map<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    hash_table(values, ty, place, true)
}

pub(crate) fn hash_set<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    hash_table(values, ty, place, false)
}

/// hashbrown: control bytes, one a bucket, those below 0x80 in use; the buckets lie before them, backwards.
fn hash_table<'a>(values: &Values<'a>, ty: &Type, place: &Place, pairs: bool) -> Option<View<'a>> {
    let (table, table_place) = values.find_place(ty.id, place, "table")?;
    let entry = values.strip(table)?.argument(0)?;
    let size = values.size(entry)?;
    let control = values.word(table, &table_place, &["ctrl"])?;
    let mask = values.find_number(table, &table_place, "bucket_mask")?;
    let len = values.find_number(table, &table_place, "items")?;
    let buckets = mask.checked_add(1)?;
    if !buckets.is_power_of_two() || len > buckets {
        return Some(View::Broken(format!("claims {len} entries in {buckets} buckets")));
    }
    if let Err(why) = values.claim(1, control, if len == 0 { 0 } else { buckets }, "buckets") {
        return Some(View::Broken(why));
    }
    let full = values.strip(entry)?;
    let Shape::Record { members, .. } = &full.shape else {
        return None;
    };
    let member = |name: &str| members.iter().find(|member| member.name.as_deref() == Some(name));
    let (key, value) = (member("__0")?.clone(), member("__1")?.clone());
    let values = *values;
    let item = move |bucket: u64| {
        let before = bucket.checked_add(1)?.checked_mul(size)?;
        let place = Place::Memory(control.checked_sub(before)?);
        let part = |member| match values.member(&place, member).ok()? {
            Located::Place(place) => Some((member.ty, place)),
            Located::Bits(_) => None,
        };
        Some(match pairs {
            true => Item {
                key: Some(part(&key)?),
                value: part(&value)?,
            },
            false => Item {
                key: None,
                value: part(&key)?,
            },
        })
    };
    let (mut bucket, mut found) = (0u64, 0u64);
    let looked_at = buckets.min(BUCKET_LIMIT);
    let items = std::iter::from_fn(move || {
        while found < len && bucket < looked_at {
            let in_use = values.memory_number(control.saturating_add(bucket), 1)? < 0x80;
            bucket = bucket.saturating_add(1);
            if in_use {
                found = found.saturating_add(1);
                let lost = || format!("entry {found} is outside memory");
                return Some(item(bucket.saturating_sub(1)).ok_or_else(lost));
            }
        }
        let missing = found < len;
        let why = format!("only {found} of {len} entries are in its first {looked_at} buckets");
        found = len;
        missing.then_some(Err(why))
    });
    Some(View::Entries {
        len: Some(len),
        braces: true,
        items: Box::new(items),
    })
}

pub(crate) fn btree_map<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    btree(values, ty.id, place, (ty.argument(0)?, ty.argument(1)), Some(ty))
}

pub(crate) fn btree_set<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let (map, place) = values.find_place(ty.id, place, "map")?;
    btree(values, map, &place, (ty.argument(0)?, None), None)
}

/// One node of a B-tree that is being walked.
struct Level {
    node: u64,
    height: u64,
    next: u64,
}

/// A B-tree: keys, values and their number in each node, children after them in inner ones.
fn btree<'a>(
    values: &Values<'a>,
    map: DieId,
    place: &Place,
    (key, value): (DieId, Option<DieId>),
    pairs: Option<&Type>,
) -> Option<View<'a>> {
    let len = values.find_number(map, place, "length")?;
    let empty = || View::Entries {
        len: Some(0),
        braces: true,
        items: Box::new(std::iter::empty()),
    };
    let (root, root_place) = values.find_place(map, place, "root")?;
    let full = values.strip(root)?;
    let Shape::Record {
        variants: Some(part), ..
    } = &full.shape
    else {
        return None;
    };
    let Ok(View::Variant { members, place, .. }) = values.variant(part, &root_place) else {
        return None;
    };
    let Some(member) = members.first() else {
        return Some(match len {
            0 => empty(),
            _ => View::Broken(format!("claims {len} entries without a root")),
        });
    };
    let Located::Place(place) = values.member(&place, member).ok()? else {
        return None;
    };
    let height = values.find_number(member.ty, &place, "height")?;
    let (leaf, node) = values.find_pointer(member.ty, &place)?;
    if len == 0 {
        return Some(empty());
    }
    if height > TREE_HEIGHT {
        return Some(View::Broken(format!("claims a tree of {height} levels")));
    }
    let stride = (
        values.size(key)?,
        value.map_or(Some(0), |value| values.size(value))?,
    );
    if let Err(why) = values.claim(stride.0.max(1), 0, len, "entries") {
        return Some(View::Broken(why));
    }
    let edges = values.size(leaf)?;
    let word = values.word_len(map);
    let values = *values;
    // The address of a part of a node.
    let part = move |node: u64, name: &str| values.find_place(leaf, &Place::Memory(node), name)?.1.address();
    let keys_of = move |node: u64| {
        let count = values.memory_number(part(node, "len")?, 2)?;
        (count <= NODE_KEYS).then_some(count)
    };
    let descend = move |levels: &mut Vec<Level>, mut node: u64, height: u64| {
        for height in (0..=height).rev() {
            levels.push(Level {
                node,
                height,
                next: 0,
            });
            if height > 0 {
                node = values.memory_number(node.checked_add(edges)?, word)?;
            }
        }
        Some(())
    };
    let pairs = pairs.is_some();
    let item = move |node: u64, index: u64| {
        let key_at = part(node, "keys")?.checked_add(index.checked_mul(stride.0)?)?;
        let key = (key, Place::Memory(key_at));
        Some(match value.filter(|_| pairs) {
            Some(value) => {
                let at = part(node, "vals")?.checked_add(index.checked_mul(stride.1)?)?;
                Item {
                    key: Some(key),
                    value: (value, Place::Memory(at)),
                }
            }
            None => Item {
                key: None,
                value: key,
            },
        })
    };
    let mut levels: Vec<Level> = Vec::new();
    let mut found = 0u64;
    let mut sound = descend(&mut levels, node, height).is_some();
    let step = move |levels: &mut Vec<Level>| loop {
        let level = levels.last_mut()?;
        if level.next < keys_of(level.node)? {
            let index = level.next;
            level.next = index.saturating_add(1);
            let (node, height) = (level.node, level.height);
            if height > 0 {
                let edge = edges.checked_add(level.next.checked_mul(word)?)?;
                let below = values.memory_number(node.checked_add(edge)?, word)?;
                descend(levels, below, height.saturating_sub(1))?;
            }
            return item(node, index);
        }
        levels.pop();
    };
    let items = std::iter::from_fn(move || {
        if found >= len {
            return None;
        }
        let next = if sound { step(&mut levels) } else { None };
        sound = next.is_some();
        let why = format!("only {found} of {len} entries can be reached");
        found = if sound { found.saturating_add(1) } else { len };
        Some(next.ok_or(why))
    });
    Some(View::Entries {
        len: Some(len),
        braces: true,
        items: Box::new(items),
    })
}

/// `Rc` and `Arc`: strong and weak count, then the value.
pub(crate) fn shared<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let word = values.word_len(ty.id);
    let (inner, address) = values.find_pointer(ty.id, place)?;
    let strong = values.memory_number(address, word);
    let weak = values.memory_number(address.checked_add(word)?, word);
    let (Some(strong), Some(weak)) = (strong, weak) else {
        let why = format!("its counts at {address:#x} are outside memory");
        return Some(View::Broken(why));
    };
    let view = match counted(values, ty, place, (inner, address))? {
        View::Broken(why) => return Some(View::Broken(why)),
        view => Box::new(view),
    };
    // All strong ones together hold one weak count.
    let weak = weak.saturating_sub(u64::from(strong > 0));
    Some(View::Shared { view, strong, weak })
}

/// What lies behind the counts at an address.
fn counted<'a>(
    values: &Values<'a>,
    ty: &Type,
    place: &Place,
    (inner, address): (DieId, u64),
) -> Option<View<'a>> {
    let word = values.word_len(ty.id);
    let counts = word.checked_mul(2)?;
    let content = ty.name.as_deref()?.split_once('<')?.1;
    if content.starts_with("str,") || content == "str>" {
        let len = values.find_number(ty.id, place, "length")?;
        return Some(values.text(address.checked_add(counts)?, len));
    }
    if content.starts_with('[') && !is_array(content) {
        // Of a slice the compiler names its elements' type, or the type of the slice.
        let named = ty.argument(0)?;
        let element = match &values.strip(named)?.shape {
            Shape::Array { element, dimensions } if dimensions.as_slice() == [None] => *element,
            _ => named,
        };
        let len = values.find_number(ty.id, place, "length")?;
        let start = address.checked_add(values.aligned(counts, element)?)?;
        return Some(values.sequence(element, start, len));
    }
    if content.starts_with("dyn ") || content.starts_with("(dyn ") {
        let vtable = values.word(ty.id, place, &["vtable"])?;
        let concrete = values.types.behind_vtable(values.units, vtable)?;
        // The table tells the alignment, behind what drops the value and its size.
        let alignment = values.memory_number(vtable.checked_add(counts)?, word)?;
        let start = counts.checked_next_multiple_of(alignment.max(1))?;
        return Some(View::Dynamic {
            ty: concrete,
            place: Place::Memory(address.checked_add(start)?),
        });
    }
    // Looked for among its own members: atomic counts hold a value, too.
    let inside = Place::Memory(address);
    let (ty, place) = values
        .own_place(inner, &inside, "value")
        .or_else(|| values.own_place(inner, &inside, "data"))?;
    Some(View::Same { ty, place })
}

/// Whether a type that begins with a bracket has a length: `[T; 3], ...`.
fn is_array(text: &str) -> bool {
    let mut depth = 0usize;
    for c in text.chars() {
        match c {
            '[' | '(' | '<' => depth = depth.saturating_add(1),
            ']' if depth == 1 => return false,
            ']' | ')' | '>' => depth = depth.saturating_sub(1),
            ';' if depth == 1 => return true,
            _ => {}
        }
    }
    false
}

pub(crate) fn weak<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let (_, address) = values.find_pointer(ty.id, place)?;
    let word = values.word_len(ty.id);
    if address == u64::MAX >> (64 - 8 * word.clamp(1, 8)) {
        return Some(View::Word("(never had a value)".to_string()));
    }
    if values.memory_number(address, word)? == 0 {
        return Some(View::Word("(its value was dropped)".to_string()));
    }
    shared(values, ty, place)
}

/// A pointer with a table of methods beside it, by which the type is known.
pub(crate) fn dynamic<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let address = values.word(ty.id, place, &["pointer", "data_ptr"])?;
    let vtable = values.word(ty.id, place, &["vtable"])?;
    Some(View::Dynamic {
        ty: values.types.behind_vtable(values.units, vtable)?,
        place: Place::Memory(address),
    })
}

/// What a guard of a `RefCell` leads to.
pub(crate) fn borrowed<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let (pointer, place) = values.own_place(ty.id, place, "value")?;
    let (ty, address) = values.find_pointer(pointer, &place)?;
    // One of a slice, a text or a trait object has more beside the address.
    (values.size(pointer)? == values.word_len(pointer)).then_some(View::Same {
        ty,
        place: Place::Memory(address),
    })
}

/// Text that ends in a zero byte, which its length counts.
pub(crate) fn c_text<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let (_, address, len) = fat(values, ty, place)?;
    Some(values.text(address, len.saturating_sub(1)))
}

pub(crate) fn atomic_bool<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    match values.number(place, 0, ty.size?).ok()? {
        0 => Some(View::Word("false".to_string())),
        1 => Some(View::Word("true".to_string())),
        other => Some(View::Broken(format!("its truth is {other}"))),
    }
}

pub(crate) fn value<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let (ty, place) = values.find_place(ty.id, place, "value")?;
    Some(View::Same { ty, place })
}

pub(crate) fn data<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let (ty, place) = values.find_place(ty.id, place, "data")?;
    Some(View::Same { ty, place })
}

/// The one member of a wrapper that has a size.
pub(crate) fn only<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let Shape::Record { members, .. } = &ty.shape else {
        return None;
    };
    let mut sized = members.iter().filter(|member| values.size(member.ty) != Some(0));
    let (member, None) = (sized.next()?, sized.next()) else {
        return None;
    };
    match values.member(place, member).ok()? {
        Located::Place(place) => Some(View::Same { ty: member.ty, place }),
        Located::Bits(_) => None,
    }
}

/// Nodes that lead to each other; the last leads to nothing.
pub(crate) fn linked_list<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let word = values.word_len(ty.id);
    let (head, head_place) = values.own_place(ty.id, place, "head")?;
    // An optional pointer to a node: one alternative has it.
    let head = values.strip(head)?;
    let Shape::Record {
        variants: Some(part), ..
    } = &head.shape
    else {
        return None;
    };
    let mut members = part.variants.iter().flat_map(|variant| &variant.members);
    let (node, first) = members.find_map(|member| values.find_pointer(member.ty, &head_place))?;
    let len = values.find_number(ty.id, place, "len")?;
    if let Err(why) = values.claim(values.size(node)?, 0, len, "elements") {
        return Some(View::Broken(why));
    }
    let values = *values;
    let (mut at, mut index) = (first, 0u64);
    let items = std::iter::from_fn(move || {
        if index >= len {
            return None;
        }
        let here = Place::Memory(at);
        let element = (at != 0)
            .then(|| values.own_place(node, &here, "element"))
            .flatten();
        let next = values.own_place(node, &here, "next");
        let next = next.and_then(|(_, place)| values.number(&place, 0, word).ok());
        let (Some((ty, place)), Some(next)) = (element, next) else {
            let why = format!("element {index} is lost: its node {at:#x} is none");
            index = len;
            return Some(Err(why));
        };
        at = next;
        index = index.saturating_add(1);
        Some(Ok(Item::element(ty, place)))
    });
    Some(View::Entries {
        len: Some(len),
        braces: false,
        items: Box::new(items),
    })
}

/// A time as Rust writes it.
pub(crate) fn duration<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let number = |name, len| {
        let (_, place) = values.own_place(ty.id, place, name)?;
        values.number(&place, 0, len).ok()
    };
    let (secs, nanos) = (number("secs", 8)?, number("nanos", 4)?);
    if nanos >= 1_000_000_000 {
        return Some(View::Broken(format!("claims {nanos} ns beside its seconds")));
    }
    let time = match nanos {
        _ if secs > 0 => fraction(secs, nanos, 9, "s"),
        0..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => fraction(nanos / 1_000, nanos % 1_000, 3, "µs"),
        _ => fraction(nanos / 1_000_000, nanos % 1_000_000, 6, "ms"),
    };
    Some(View::Word(if secs == 0 && nanos == 0 {
        "0ns".to_string()
    } else {
        time
    }))
}

fn fraction(whole: u64, part: u64, digits: usize, unit: &str) -> String {
    let part = format!("{part:0digits$}");
    match part.trim_end_matches('0') {
        "" => format!("{whole}{unit}"),
        part => format!("{whole}.{part}{unit}"),
    }
}
