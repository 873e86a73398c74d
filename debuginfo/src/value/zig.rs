//! Zig: slices, optionals, error unions and tagged unions.
//!
//! Found by the names Zig gives their members; `None` for a layout that is not the expected one. Of packed structs
//! the compiler tells no fields, only the bits: they stay plain.

use super::{Values, View, c};
use crate::Place;
use crate::dwarf::types::{Shape, Type};

pub(crate) fn slice<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let (element, address) = values.find_pointer(ty.id, place)?;
    let len = values.find_number(ty.id, place, "len")?;
    // Only an optional slice, which is the same type in the debug information, is at address 0.
    if address == 0 {
        return Some(View::Word("null".to_string()));
    }
    let bytes = values.strip(element)?.name.as_deref() == Some("u8");
    // Bytes need not be text.
    if bytes && c::is_text(values, address, len) {
        return Some(values.text(address, len));
    }
    Some(values.sequence(element, address, len))
}

pub(crate) fn optional<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    match values.find_number(ty.id, place, "some")? {
        0 => Some(View::Word("null".to_string())),
        1 => {
            let (ty, place) = values
                .find_place(ty.id, place, "payload")
                .or_else(|| values.find_place(ty.id, place, "data"))?;
            Some(View::Same { ty, place })
        }
        other => Some(View::Broken(format!("whether it has a value is {other}"))),
    }
}

pub(crate) fn error_union<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let Shape::Record { members, .. } = &ty.shape else {
        return None;
    };
    if members.len() != 2 {
        return None;
    }
    let (error, error_place) = values.find_place(ty.id, place, "error")?;
    let (payload, payload_place) = values
        .find_place(ty.id, place, "payload")
        .or_else(|| values.find_place(ty.id, place, "value"))?;
    let code = values.number(&error_place, 0, values.size(error)?).ok()?;
    Some(match code {
        0 if values.size(payload).unwrap_or(0) == 0 => View::Word("{}".to_string()),
        0 => View::Same {
            ty: payload,
            place: payload_place,
        },
        _ => View::Same {
            ty: error,
            place: error_place,
        },
    })
}

pub(crate) fn tagged_union<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let Shape::Record { members, .. } = &ty.shape else {
        return None;
    };
    let named = |name: &str| members.iter().find(|member| member.name.as_deref() == Some(name));
    let (tag, payload) = (named("tag")?, named("payload")?);
    let union = values.strip(payload.ty)?;
    let Shape::Record { members: fields, .. } = &union.shape else {
        return None;
    };
    if members.len() != 2 || !union.name.as_deref()?.ends_with(":Payload") {
        return None;
    }
    let tags = values.strip(tag.ty)?;
    let Shape::Enum { enumerators, .. } = &tags.shape else {
        return None;
    };
    let (_, tag_place) = values.find_place(ty.id, place, "tag")?;
    let (_, payload_place) = values.find_place(ty.id, place, "payload")?;
    let code = values.number(&tag_place, 0, values.size(tag.ty)?).ok()?;
    let Some((name, _)) = enumerators.iter().find(|(_, value)| *value as u64 == code) else {
        return Some(View::Broken(format!("its tag is {code}, which names no field")));
    };
    let field = fields.iter().find(|field| field.name.as_deref() == Some(name));
    let sized = field.filter(|field| values.size(field.ty).is_some_and(|size| size > 0));
    Some(View::Variant {
        name: format!(".{name}"),
        members: sized.into_iter().cloned().collect(),
        place: payload_place,
    })
}
