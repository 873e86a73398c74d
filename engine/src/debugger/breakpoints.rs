//! Breakpoints: the wish, and the instructions where it bound.
//!
//! # Invariants
//! - A wish without debug info that needs it is pending (no locations, no message); once the debug info is there
//!   it has locations or a message that says why not.
//! - Locations are instruction boundaries of defined functions.
//!
//! Must not know: running guests.

use super::command::{BreakpointId, BreakpointSpec, StopRule};
use super::event::{BreakpointLocation, BreakpointState};
use super::log_text;
use super::symbols::Symbols;
use std::collections::{BTreeMap, BTreeSet};
use stepwell_debuginfo::ModuleOffset;

/// All breakpoints of a session.
#[derive(Debug, Default)]
pub struct Breakpoints {
    by_id: BTreeMap<BreakpointId, BreakpointState>,
}

impl Breakpoints {
    /// Adds or replaces one; how it stands now.
    pub fn set(
        &mut self,
        id: BreakpointId,
        spec: BreakpointSpec,
        enabled: bool,
        rule: StopRule,
        symbols: &Symbols,
    ) -> BreakpointState {
        let (locations, message) = resolve(&spec, &rule, symbols);
        let state = BreakpointState {
            id,
            spec,
            enabled,
            rule,
            locations,
            message,
        };
        self.by_id.insert(id, state.clone());
        state
    }

    /// Removes one.
    pub fn remove(&mut self, id: BreakpointId) -> bool {
        self.by_id.remove(&id).is_some()
    }

    /// Binds all anew, after the debug info came; how they stand.
    pub fn rebind(&mut self, symbols: &Symbols) -> Vec<BreakpointState> {
        for state in self.by_id.values_mut() {
            (state.locations, state.message) = resolve(&state.spec, &state.rule, symbols);
        }
        self.by_id.values().cloned().collect()
    }

    /// The enabled ones bound at an instruction.
    pub fn at(&self, offset: ModuleOffset) -> impl Iterator<Item = &BreakpointState> {
        (self.by_id.values()).filter(move |state| {
            state.enabled && state.locations.iter().any(|location| location.offset == offset)
        })
    }

    /// Adds all instructions that stop to `wanted`, by function.
    pub fn collect(&self, wanted: &mut BTreeMap<u32, BTreeSet<u64>>) {
        for state in self.by_id.values().filter(|state| state.enabled) {
            add_locations(&state.locations, wanted);
        }
    }
}

/// Where a wish binds; what is wrong with its log text comes first.
fn resolve(
    spec: &BreakpointSpec,
    rule: &StopRule,
    symbols: &Symbols,
) -> (Vec<BreakpointLocation>, Option<String>) {
    let (locations, message) = symbols.resolve(spec);
    let wrong = rule.log.as_deref().and_then(|text| log_text::pieces(text).err());
    (locations, wrong.or(message))
}

/// Adds locations to the instructions wanted, by function.
pub fn add_locations(locations: &[BreakpointLocation], wanted: &mut BTreeMap<u32, BTreeSet<u64>>) {
    for location in locations {
        wanted.entry(location.func).or_default().insert(location.offset.0);
    }
}
