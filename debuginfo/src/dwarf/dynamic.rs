//! Types that only the running program knows: C++ classes by the name their virtual table tells, Rust types by the
//! address of their table of methods.
//!
//! # Invariants
//! - Both indexes are made once, when the first such object is looked at.
//! - A table that no debug information describes names no type; the type is not guessed.

use super::units::Units;
use super::{DieId, Entry, Value};
use crate::Language;
use gimli::Operation;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Types that are remembered.
const TYPE_LIMIT: usize = 1 << 18;

/// The indexes.
#[derive(Debug, Default)]
pub(crate) struct Dynamic {
    classes: OnceLock<HashMap<String, DieId>>,
    vtables: OnceLock<HashMap<u64, DieId>>,
}

impl Dynamic {
    /// The polymorphic C++ class of this qualified name.
    pub fn class(&self, units: &Units, name: &str) -> Option<DieId> {
        let classes = self.classes.get_or_init(|| classes(units));
        classes.get(&squeezed(name)).copied()
    }

    /// The Rust type whose methods are in the table at this address.
    pub fn behind_vtable(&self, units: &Units, address: u64) -> Option<DieId> {
        let vtables = self.vtables.get_or_init(|| vtables(units));
        vtables.get(&address).copied()
    }
}

/// Class names differ in their spaces between compilers and demanglers.
fn squeezed(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).collect()
}

fn classes(units: &Units) -> HashMap<String, DieId> {
    let mut found = HashMap::new();
    let sources = units.units.iter();
    for unit in sources.filter(|unit| unit.summary.language == Language::Cpp) {
        let Ok(mut entries) = unit.dwarf.entries_raw(None) else {
            continue;
        };
        let mut entry = Entry::null();
        // A unit that breaks off counts as far as it goes.
        while !entries.is_empty() && found.len() < TYPE_LIMIT && entries.read_entry(&mut entry).is_ok() {
            let class = matches!(
                entry.tag(),
                gimli::DW_TAG_class_type | gimli::DW_TAG_structure_type
            );
            if !class || entry.attr(gimli::DW_AT_containing_type).is_none() {
                continue;
            }
            let die = DieId(unit.start.saturating_add(entry.offset().0));
            let complete = entry.attr(gimli::DW_AT_declaration).is_none();
            if complete && let Some(name) = units.name(die) {
                // The table tells inline namespaces, too, but of the library's our names leave them out.
                for full in [units.qualified(die, &name), units.fully_qualified(die, &name)] {
                    found.entry(squeezed(&full)).or_insert(die);
                }
            }
        }
    }
    found
}

fn vtables(units: &Units) -> HashMap<u64, DieId> {
    let mut found = HashMap::new();
    let sources = units.units.iter();
    for unit in sources.filter(|unit| unit.summary.language == Language::Rust) {
        for &table in unit.statics.iter().take(TYPE_LIMIT) {
            let named = units.name(table).is_some_and(|name| name.ends_with("{vtable}"));
            if !named || found.len() >= TYPE_LIMIT {
                continue;
            }
            let concrete = || {
                let (_, entry) = units.entry(table)?;
                let Some(Value::Exprloc(expression)) = entry.attr_value(gimli::DW_AT_location) else {
                    return None;
                };
                let first = expression.operations(unit.dwarf.encoding()).next();
                let Ok(Some(Operation::Address { address })) = first else {
                    return None;
                };
                let layout = units.reference(unit, entry.attr_value(gimli::DW_AT_type)?)?;
                let (layout_unit, layout) = units.entry(layout)?;
                let containing = layout.attr_value(gimli::DW_AT_containing_type)?;
                let live = address != 0 && !unit.dwarf.header.is_tombstone_address(address);
                live.then_some((address, units.reference(layout_unit, containing)?))
            };
            found.extend(concrete());
        }
    }
    found
}
