//! Zig: slices and optionals.
//!
//! Found by the names Zig gives their types; a layout that is not the expected one is shown as plain members.

use super::read::Located;
use super::{Values, View};
use crate::dwarf::types::Type;
use crate::{Availability, Place};

/// The view of a Zig record.
pub(crate) fn view(values: &Values<'_>, ty: &Type, place: &Place) -> Option<Result<View, Availability>> {
    let name = ty.name.as_deref()?;
    let found = if name.starts_with("[]") || name.starts_with("[:") {
        slice(values, ty, place)
    } else {
        None
    };
    let found = found.or_else(|| {
        if name.starts_with('?') {
            optional(values, ty, place)
        } else {
            None
        }
    });
    found.map(Ok)
}

fn slice(values: &Values<'_>, ty: &Type, place: &Place) -> Option<View> {
    let (element, address) = values.find_pointer(ty.id, place)?;
    let len = values.find_number(ty.id, place, "len")?;
    let bytes = values.strip(element)?.name.as_deref() == Some("u8");
    Some(if bytes {
        View::Text { address, len }
    } else {
        View::Sequence {
            element,
            address,
            len,
        }
    })
}

fn optional(values: &Values<'_>, ty: &Type, place: &Place) -> Option<View> {
    if values.find_number(ty.id, place, "some")? == 0 {
        return Some(View::Word("null".to_string()));
    }
    match values.find(ty.id, place, "data")? {
        (ty, Located::Place(place)) => Some(View::Same { ty, place }),
        _ => None,
    }
}
