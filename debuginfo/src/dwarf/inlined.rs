//! Calls that were inlined, by the function that was called: where its code is though it may have no body of its own.
//!
//! # Invariants
//! - Made once, when somebody first asks for a function by name in a module that has such calls.
//! - Only addresses in function bodies count.
//!
//! Must not know: line rows.

use super::functions::display_name;
use super::units::{Unit, Units};
use super::{DieId, Value};
use crate::CodeOffset;
use crate::names::last_component;
use crate::sections::ModuleMap;
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// Calls that are remembered.
const CALL_LIMIT: usize = 1 << 20;
/// Ranges of one call that are looked at for where it begins.
const RANGE_LIMIT: usize = 64;

/// The index.
#[derive(Debug, Default)]
pub(crate) struct InlinedCalls {
    /// The function's own DIE to where its inlined calls begin.
    by_function: BTreeMap<DieId, SmallVec<[u32; 2]>>,
}

impl InlinedCalls {
    /// Collects all calls.
    pub fn build(units: &Units, map: &ModuleMap) -> InlinedCalls {
        let mut found = InlinedCalls::default();
        // The index of a unit knows whether it has any.
        if units.units.iter().all(|unit| unit.call_files.is_empty()) {
            return found;
        }
        let mut left = CALL_LIMIT;
        for unit in &units.units {
            // A unit that breaks off counts as far as it goes.
            let _ = found.collect(units, unit, map, &mut left);
        }
        found
    }

    fn collect(
        &mut self,
        units: &Units,
        unit: &Unit,
        map: &ModuleMap,
        left: &mut usize,
    ) -> gimli::Result<()> {
        let mut entries = unit.dwarf.entries_raw(None)?;
        while !entries.is_empty() && *left > 0 {
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            if abbreviation.tag() != gimli::DW_TAG_inlined_subroutine {
                entries.skip_attributes(abbreviation.attributes())?;
                continue;
            }
            let (mut origin, mut begins) = (None, None);
            for &spec in abbreviation.attributes() {
                let attribute = entries.read_attribute(spec)?;
                match attribute.name() {
                    gimli::DW_AT_abstract_origin => origin = units.reference(unit, attribute.value()),
                    gimli::DW_AT_low_pc => begins = unit.dwarf.address(attribute.value()),
                    gimli::DW_AT_ranges => begins = first_of(unit, attribute.value()),
                    _ => {}
                }
            }
            let (Some(origin), Some(begins)) = (origin, begins) else {
                continue;
            };
            if let (Some(_), Ok(begins)) = (map.body_at(CodeOffset(begins)), u32::try_from(begins)) {
                *left = left.saturating_sub(1);
                self.by_function.entry(origin).or_default().push(begins);
            }
        }
        Ok(())
    }

    /// Where calls of the functions of a name begin: of a whole name, else of the last part of one.
    pub fn named(&self, units: &Units, name: &str) -> Vec<u32> {
        let name = name.trim();
        let (mut whole, mut last) = (Vec::new(), Vec::new());
        for (&function, begins) in &self.by_function {
            let shown = display_name(units, function);
            let plain = units.name(function);
            let names = [&shown, &plain].into_iter().flatten();
            if names.clone().any(|known| known == name)
                || units.linkage_name(function).as_deref() == Some(name)
            {
                whole.extend_from_slice(begins);
            } else if names.clone().any(|known| last_component(known) == name) {
                last.extend_from_slice(begins);
            }
        }
        let mut found = if whole.is_empty() { last } else { whole };
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The lowest address of a list of ranges.
fn first_of(unit: &Unit, ranges: Value) -> Option<u64> {
    let mut list = unit.dwarf.sections.attr_ranges(&unit.dwarf, ranges).ok()??;
    let mut lowest = None;
    for _ in 0..RANGE_LIMIT {
        let Ok(Some(range)) = list.next() else { break };
        if range.begin < range.end && !unit.dwarf.header.is_tombstone_address(range.begin) {
            lowest = Some(lowest.map_or(range.begin, |known: u64| known.min(range.begin)));
        }
    }
    lowest.map(|begin| unit.dwarf.placed(begin))
}
