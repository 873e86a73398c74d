//! Rust: lists, times, ranges, iterators, and what waits for its value or guards it.
//!
//! As in [`rust`](super::rust): `None` for a layout that is not the expected one.

use super::{Item, Piece, Values, View};
use crate::Place;
use crate::dwarf::DieId;
use crate::dwarf::types::{Shape, Type};

fn argument(ty: &Type, index: usize) -> Option<DieId> {
    ty.arguments.get(index).map(|(_, ty)| *ty)
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

/// The elements that an iterator has before it: from one pointer to another.
pub(crate) fn remaining<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let element = argument(ty, 0)?;
    let size = values.size(element)?;
    let (start, end) = bounds(values, ty.id, place)?;
    // Of elements without a size the end is a number.
    let bytes = end.checked_sub(start)?;
    Some(values.sequence(element, start, bytes.checked_div(size)?))
}

/// The text that an iterator has before it.
pub(crate) fn remaining_text<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let (bytes, place) = values.own_place(ty.id, place, "iter")?;
    let (start, end) = bounds(values, bytes, &place)?;
    Some(values.text(start, end.checked_sub(start)?))
}

fn bounds(values: &Values<'_>, ty: DieId, place: &Place) -> Option<(u64, u64)> {
    let word = values.word_len(ty);
    let address = |name| {
        let (_, place) = values.own_place(ty, place, name)?;
        values.number(&place, 0, word).ok()
    };
    Some((address("ptr")?, address("end_or_len").or_else(|| address("end"))?))
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

/// Ranges as they are written, and what is left of one that is being walked.
pub(crate) fn range<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let Shape::Record { members, .. } = &ty.shape else {
        return None;
    };
    let has = |name: &str| members.iter().any(|member| member.name.as_deref() == Some(name));
    let bound = |name| match values.own_place(ty.id, place, name) {
        Some((ty, place)) => Some(Some(Piece::Value(ty, place))),
        // One that is there but out of reach is not an open end.
        None => (!has(name)).then_some(None),
    };
    let dots = match ty.name.as_deref()?.contains("Inclusive") {
        true => "..=",
        false => "..",
    };
    let exhausted = match has("exhausted") {
        true => values.find_number(ty.id, place, "exhausted")? == 1,
        false => false,
    };
    let start = bound("start")?.into_iter();
    let mut pieces: Vec<Piece> = start.chain([Piece::Word(dots.to_string())]).collect();
    pieces.extend(bound("end")?);
    if exhausted {
        pieces.push(Piece::Word(" (exhausted)".to_string()));
    }
    Some(View::Written(pieces))
}

/// The bits that hold a state for which threads can wait; one more says that some do.
const FUTEX_STATES: u64 = 3;

/// Whether what is made once has been made.
fn is_complete(values: &Values<'_>, ty: DieId, place: &Place) -> Option<bool> {
    if let Some(state) = values.find_number(ty, place, "state_and_queued") {
        // Both ends of the states have been the complete one, in different versions of the library. No type says which:
        // then the plain members are shown.
        return (state != 0 && state != FUTEX_STATES).then_some(false);
    }
    let (mut ty, mut place) = values.find_place(ty, place, "state")?;
    // A cell around an enumeration.
    for _ in 0..4 {
        let full = values.strip(ty)?;
        if let Shape::Enum { enumerators, .. } = &full.shape {
            let code = values.number(&place, 0, values.size(ty)?).ok()?;
            let named = enumerators.iter().find(|(name, _)| name == "Complete")?;
            return Some(named.1 as u64 == code);
        }
        (ty, place) = values.own_place(ty, &place, "value")?;
    }
    None
}

pub(crate) fn once_lock<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    made(values, ty, place, "value")
}

pub(crate) fn lazy_lock<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    made(values, ty, place, "data")
}

/// The value in a member that is no more than room for it.
fn made<'a>(values: &Values<'a>, ty: &Type, place: &Place, name: &str) -> Option<View<'a>> {
    let (once, once_place) = values.own_place(ty.id, place, "once")?;
    if !is_complete(values, once, &once_place)? {
        return Some(View::Word("(not set)".to_string()));
    }
    let (_, place) = values.own_place(ty.id, place, name)?;
    Some(View::Same {
        ty: argument(ty, 0)?,
        place,
    })
}

/// What the guard of a lock leads to: through the lock, or by a pointer of its own.
pub(crate) fn guarded<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    if let Some((pointer, place)) = values.own_place(ty.id, place, "data") {
        let (ty, address) = values.find_pointer(pointer, &place)?;
        let whole = values.size(pointer)? == values.word_len(pointer);
        return whole.then_some(View::Same {
            ty,
            place: Place::Memory(address),
        });
    }
    let (pointer, place) = values.own_place(ty.id, place, "lock")?;
    let (lock, address) = values.find_pointer(pointer, &place)?;
    let (ty, place) = values.own_place(lock, &Place::Memory(address), "data")?;
    Some(View::Same { ty, place })
}
