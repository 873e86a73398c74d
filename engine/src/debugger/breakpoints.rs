//! Breakpoints: the wish, and the instructions where it bound.
//!
//! # Invariants
//! - A wish without debug info that needs it is pending (no locations, no message); once the debug info is there
//!   it has locations or a message that says why not.
//! - Locations are instruction boundaries of defined functions.
//! - Conditions are compiled where locations are found.
//!
//! Must not know: running guests.

use super::command::{BreakpointId, BreakpointSpec, StopRule};
use super::conditions;
use super::event::{BreakpointLocation, BreakpointState};
use super::log_text;
use super::symbols::Symbols;
use crate::compile::Stop;
use std::collections::BTreeMap;
use stepwell_debuginfo::ModuleOffset;

/// All breakpoints of a session.
#[derive(Debug, Default)]
pub struct Breakpoints {
    by_id: BTreeMap<BreakpointId, Breakpoint>,
}

#[derive(Debug)]
struct Breakpoint {
    state: BreakpointState,
    /// For each location, when to look in there.
    stops: Vec<Stop>,
}

impl Breakpoint {
    fn bind(&mut self, symbols: &Symbols) {
        let state = &mut self.state;
        (state.locations, state.message) = resolve(&state.spec, &state.rule, symbols);
        let condition = state.rule.condition.as_deref();
        self.stops = (state.locations.iter())
            .map(|location| Stop {
                offset: location.offset.0,
                only_if: (condition.and_then(|text| conditions::compiled(text, location, symbols)))
                    .into_iter()
                    .collect(),
            })
            .collect();
    }
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
        let state = BreakpointState {
            id,
            spec,
            enabled,
            rule,
            locations: Vec::new(),
            message: None,
        };
        let mut breakpoint = Breakpoint {
            state,
            stops: Vec::new(),
        };
        breakpoint.bind(symbols);
        let state = breakpoint.state.clone();
        self.by_id.insert(id, breakpoint);
        state
    }

    /// Removes one.
    pub fn remove(&mut self, id: BreakpointId) -> bool {
        self.by_id.remove(&id).is_some()
    }

    /// Binds all anew, after the debug info came; how they stand.
    pub fn rebind(&mut self, symbols: &Symbols) -> Vec<BreakpointState> {
        let bound = self.by_id.values_mut().map(|breakpoint| {
            breakpoint.bind(symbols);
            breakpoint.state.clone()
        });
        bound.collect()
    }

    /// The enabled ones bound at an instruction.
    pub fn at(&self, offset: ModuleOffset) -> impl Iterator<Item = &BreakpointState> {
        let states = self.by_id.values().map(|breakpoint| &breakpoint.state);
        states.filter(move |state| {
            state.enabled && state.locations.iter().any(|location| location.offset == offset)
        })
    }

    /// Adds all instructions that look in to `wanted`, by function.
    pub fn collect(&self, wanted: &mut BTreeMap<u32, Vec<Stop>>) {
        for breakpoint in self.by_id.values().filter(|breakpoint| breakpoint.state.enabled) {
            for (location, stop) in breakpoint.state.locations.iter().zip(&breakpoint.stops) {
                wanted.entry(location.func).or_default().push(stop.clone());
            }
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
pub fn add_locations(locations: &[BreakpointLocation], wanted: &mut BTreeMap<u32, Vec<Stop>>) {
    for location in locations {
        let stop = Stop::always(location.offset.0);
        wanted.entry(location.func).or_default().push(stop);
    }
}
