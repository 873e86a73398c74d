//! Rust: what walks over something, with what it has before it: iterators and ranges.
//!
//! As in [`rust`](super::rust): `None` for a layout that is not the expected one.

use super::rust::argument;
use super::{Piece, Values, View};
use crate::Place;
use crate::dwarf::DieId;
use crate::dwarf::types::{Shape, Type};

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
