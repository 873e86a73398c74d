//! Breakpoints: the wish, and the instructions where it bound.
//!
//! # Invariants
//! - A wish without debug info that needs it is pending (no locations, no message); once the debug info is there
//!   it has locations or a message that says why not.
//! - Locations are instruction boundaries of defined functions.
//!
//! Must not know: running guests.

use super::command::{BreakpointId, BreakpointSpec};
use super::event::{BreakpointLocation, BreakpointState};
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
        symbols: &Symbols,
    ) -> BreakpointState {
        let (locations, message) = symbols.resolve(&spec);
        let state = BreakpointState {
            id,
            spec,
            enabled,
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
            (state.locations, state.message) = symbols.resolve(&state.spec);
        }
        self.by_id.values().cloned().collect()
    }

    /// The enabled ones bound at an instruction.
    pub fn at(&self, offset: ModuleOffset) -> Vec<BreakpointId> {
        (self.by_id.values())
            .filter(|state| state.enabled && state.locations.iter().any(|location| location.offset == offset))
            .map(|state| state.id)
            .collect()
    }

    /// Adds all instructions that stop to `wanted`, by function.
    pub fn collect(&self, wanted: &mut BTreeMap<u32, BTreeSet<u64>>) {
        for state in self.by_id.values().filter(|state| state.enabled) {
            add_locations(&state.locations, wanted);
        }
    }
}

/// Adds locations to the instructions wanted, by function.
pub fn add_locations(locations: &[BreakpointLocation], wanted: &mut BTreeMap<u32, BTreeSet<u64>>) {
    for location in locations {
        wanted.entry(location.func).or_default().insert(location.offset.0);
    }
}
