//! C++: types of the standard library (libc++) that are more than their members.
//!
//! Found by the names of types and members; a layout that is not the expected one is shown as plain members.

use super::read::Located;
use super::{Values, View};
use crate::dwarf::types::Type;
use crate::{Availability, Place};

/// The view of a C++ record.
pub(crate) fn view(values: &Values<'_>, ty: &Type, place: &Place) -> Option<Result<View, Availability>> {
    let name = ty.name.as_deref()?;
    let (template, _) = name.split_once('<')?;
    let ours = || values.units.qualified(ty.id, template) == format!("std::{template}");
    let found = match template {
        "basic_string" if ours() => string(values, ty, place),
        "basic_string_view" if ours() => string_view(values, ty, place),
        "vector" if ours() => vector(values, ty, place),
        "unique_ptr" | "shared_ptr" if ours() => pointer(values, ty, place),
        "array" if ours() => member(values, ty, place, "__elems_"),
        _ => None,
    };
    found.map(Ok)
}

fn string(values: &Values<'_>, ty: &Type, place: &Place) -> Option<View> {
    let (_, element) = ty.arguments.first()?;
    if values.size(*element) != Some(1) {
        return None;
    }
    let (short, Located::Place(short_place)) = values.find(ty.id, place, "__s")? else {
        return None;
    };
    let (long, Located::Place(long_place)) = values.find(ty.id, place, "__l")? else {
        return None;
    };
    // Only the layout with a flag of its own is known.
    let is_long = values.find_number(short, &short_place, "__is_long_")?;
    if is_long == 1 {
        let (_, data) = values.find(long, &long_place, "__data_")?;
        let Located::Place(data) = data else {
            return None;
        };
        let address = values.number(&data, 0, 4).ok()?;
        return Some(View::Text {
            address,
            len: values.find_number(long, &long_place, "__size_")?,
        });
    }
    let (_, Located::Place(data)) = values.find(short, &short_place, "__data_")? else {
        return None;
    };
    let len = values.find_number(short, &short_place, "__size_")?;
    match data {
        Place::Memory(address) => Some(View::Text { address, len }),
        Place::Bytes(bytes) => {
            let text = bytes.get(..usize::try_from(len).ok()?)?;
            Some(View::Word(super::c::quoted(text, false)))
        }
    }
}

fn string_view(values: &Values<'_>, ty: &Type, place: &Place) -> Option<View> {
    let (element, address) = values.find_pointer(ty.id, place)?;
    (values.size(element) == Some(1)).then_some(())?;
    let len = values
        .find_number(ty.id, place, "__size_")
        .or_else(|| values.find_number(ty.id, place, "__size"))?;
    Some(View::Text { address, len })
}

fn vector(values: &Values<'_>, ty: &Type, place: &Place) -> Option<View> {
    let (_, element) = ty.arguments.first()?;
    let begin = values.find_number(ty.id, place, "__begin_")?;
    let end = values.find_number(ty.id, place, "__end_")?;
    let size = values.size(*element).filter(|&size| size > 0)?;
    let len = end.checked_sub(begin)?.checked_div(size)?;
    Some(View::Sequence {
        element: *element,
        address: begin,
        len,
    })
}

fn pointer(values: &Values<'_>, ty: &Type, place: &Place) -> Option<View> {
    let (found, Located::Place(inner)) = values.find(ty.id, place, "__ptr_")? else {
        return None;
    };
    if matches!(
        values.strip(found)?.shape,
        crate::dwarf::types::Shape::Pointer { .. }
    ) {
        return Some(View::Same {
            ty: found,
            place: inner,
        });
    }
    // Older libraries keep it in a pair.
    member(values, values.strip(found)?.as_ref(), &inner, "__value_")
}

fn member(values: &Values<'_>, ty: &Type, place: &Place, name: &str) -> Option<View> {
    match values.find(ty.id, place, name)? {
        (ty, Located::Place(place)) => Some(View::Same { ty, place }),
        _ => None,
    }
}
