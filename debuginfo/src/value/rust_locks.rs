//! Rust: what waits for its value, and what guards one.
//!
//! As in [`rust`](super::rust): `None` for a layout that is not the expected one.

use super::rust::argument;
use super::{Values, View};
use crate::Place;
use crate::dwarf::DieId;
use crate::dwarf::types::{Shape, Type};

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
