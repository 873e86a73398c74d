//! Parameters of C++ templates, by name: those of a function, then those of the classes around it.
//!
//! Must not know: frames, the live guest.

use super::DieId;
use super::types::each_child;
use super::units::Units;

/// Classes around a function that are looked into.
const DEPTH_LIMIT: usize = 16;

/// A parameter of a tag (for a value or a type) that is seen in a function.
pub(crate) fn parameter(units: &Units, function: DieId, tag: gimli::DwTag, name: &str) -> Option<DieId> {
    let around = std::iter::successors(Some(function), |&inner| units.scope_around(inner));
    around.take(DEPTH_LIMIT).find_map(|die| {
        // What is made from a template has its arguments in its name; all else is not looked through.
        if !units.name(die)?.contains('<') {
            return None;
        }
        // An inlined copy or a definition may have none, but what it was made from has.
        units.origins(die).find_map(|(unit, entry)| {
            let mut found = None;
            each_child(unit, &entry, |child| {
                let die = unit.die(child.offset());
                if found.is_none() && child.tag() == tag && units.name(die).as_deref() == Some(name) {
                    found = Some(die);
                }
            });
            found
        })
    })
}
