//! Rust: text, sequences and smart pointers of the standard library.
//!
//! Found by the names of types and members, through whatever layers the library puts between; a layout that
//! is not the expected one is shown as plain members.

use super::read::Located;
use super::{Values, View};
use crate::dwarf::types::{Shape, Type};
use crate::{Availability, Place};

/// The view of a Rust record.
pub(crate) fn view(values: &Values<'_>, ty: &Type, place: &Place) -> Option<Result<View, Availability>> {
    let name = ty.name.as_deref()?;
    let found = if name == "&str"
        || name == "&mut str"
        || name == "alloc::boxed::Box<str>"
        || name.starts_with("Box<str")
    {
        fat(values, ty, place).map(|(_, address, len)| View::Text { address, len })
    } else if name.starts_with("&[") || name.starts_with("&mut [") || name.contains("Box<[") {
        fat(values, ty, place).map(|(element, address, len)| View::Sequence {
            element,
            address,
            len,
        })
    } else if name == "String" {
        vector(values, ty, place).map(|(address, len)| View::Text { address, len })
    } else if name.starts_with("Vec<") {
        let element = ty.arguments.first().map(|(_, ty)| *ty)?;
        vector(values, ty, place).map(|(address, len)| View::Sequence {
            element,
            address,
            len,
        })
    } else if name.starts_with("Rc<") || name.starts_with("Arc<") {
        shared(values, ty, place)
    } else if ["Cell<", "UnsafeCell<", "ManuallyDrop<", "NonNull<", "Unique<"]
        .iter()
        .any(|start| name.starts_with(start))
    {
        only(values, ty, place)
    } else {
        None
    };
    found.map(Ok)
}

fn fat(values: &Values<'_>, ty: &Type, place: &Place) -> Option<(crate::dwarf::DieId, u64, u64)> {
    let (element, address) = values.find_pointer(ty.id, place)?;
    let len = values.find_number(ty.id, place, "length")?;
    Some((element, address, len))
}

fn vector(values: &Values<'_>, ty: &Type, place: &Place) -> Option<(u64, u64)> {
    let (_, address) = values.find_pointer(ty.id, place)?;
    let len = values.find_number(ty.id, place, "len")?;
    Some((address, len))
}

fn shared(values: &Values<'_>, ty: &Type, place: &Place) -> Option<View> {
    let (inner, address) = values.find_pointer(ty.id, place)?;
    let inside = Place::Memory(address);
    let found = values
        .find(inner, &inside, "value")
        .or_else(|| values.find(inner, &inside, "data"));
    match found? {
        (ty, Located::Place(place)) => Some(View::Same { ty, place }),
        _ => None,
    }
}

/// The one member of a wrapper that has a size.
fn only(values: &Values<'_>, ty: &Type, place: &Place) -> Option<View> {
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
