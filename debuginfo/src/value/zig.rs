//! Zig: slices, optionals, error unions, tagged unions and hash maps.
//!
//! Found by the names Zig gives their members; `None` for a layout that is not the expected one. Of packed structs
//! the compiler tells no fields, only the bits: they stay plain.

use super::{Item, Values, View, c};
use crate::Place;
use crate::dwarf::types::{Shape, Type, nested};

/// Slots of a hash table that are looked at.
const SLOT_LIMIT: u64 = 1 << 22;

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
    // Its own: the name of a generic type can hold that of an error union.
    let (error, error_place) = values.own_place(ty.id, place, "error")?;
    let (payload, payload_place) = values
        .own_place(ty.id, place, "payload")
        .or_else(|| values.own_place(ty.id, place, "value"))?;
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
    let len = values.size(tag.ty)?;
    let code = values.number(&tag_place, 0, len).ok()?;
    // Negative ones have bits beyond the tag's.
    let within = |value: i64| c::extend(value as u64, len, true) == c::extend(code, len, true);
    let Some((name, _)) = enumerators.iter().find(|(_, value)| within(*value)) else {
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

/// One byte of metadata a slot, in use if its highest bit is set; before them a header with the places of values and
/// keys.
pub(crate) fn hash_map<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    // One that keeps its allocator has the map itself as a member.
    match values.own_place(ty.id, place, "unmanaged") {
        Some((ty, place)) => slots(values, values.strip(ty)?.as_ref(), &place),
        None => slots(values, ty, place),
    }
}

fn slots<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let word = values.word_len(ty.id);
    let (_, metadata_place) = values.own_place(ty.id, place, "metadata")?;
    let metadata_at = values.number(&metadata_place, 0, word).ok()?;
    let len = values.find_number(ty.id, place, "size")?;
    if metadata_at == 0 {
        return Some(View::Entries {
            len: Some(0),
            braces: true,
            items: Box::new(std::iter::empty()),
        });
    }
    let header = nested(values.units, ty.id, ".Header")?;
    let header_place = Place::Memory(metadata_at.checked_sub(values.size(header)?)?);
    let (keys, keys_place) = values.own_place(header, &header_place, "keys")?;
    let (value_pointer, values_place) = values.own_place(header, &header_place, "values")?;
    let (key, keys_at) = values.find_pointer(keys, &keys_place)?;
    let (value, values_at) = values.find_pointer(value_pointer, &values_place)?;
    let capacity = values.find_number(header, &header_place, "capacity")?;
    let sizes = (values.size(key)?, values.size(value)?);
    if len > capacity {
        return Some(View::Broken(format!("claims {len} entries in {capacity} slots")));
    }
    if let Err(why) = values.claim(1, metadata_at, capacity, "slots") {
        return Some(View::Broken(why));
    }
    let values = *values;
    let mut slots = 0..capacity.min(SLOT_LIMIT);
    let mut found = 0u64;
    let entry = move |slot: u64| {
        let at = |start: u64, size: u64| Some(Place::Memory(start.checked_add(slot.checked_mul(size)?)?));
        Some(Item {
            key: Some((key, at(keys_at, sizes.0)?)),
            value: (value, at(values_at, sizes.1)?),
        })
    };
    let items = std::iter::from_fn(move || {
        if found >= len {
            return None;
        }
        let used = |slot: &u64| {
            let byte = values.memory_number(metadata_at.saturating_add(*slot), 1);
            byte.is_some_and(|byte| byte & 0x80 != 0)
        };
        let next = slots.find(used).and_then(entry);
        let why = format!("only {found} of {len} entries are in its slots");
        found = if next.is_some() {
            found.saturating_add(1)
        } else {
            len
        };
        Some(next.ok_or(why))
    });
    Some(View::Entries {
        len: Some(len),
        braces: true,
        items: Box::new(items),
    })
}
