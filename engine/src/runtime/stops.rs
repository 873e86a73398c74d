//! Which boundaries of which functions call the handler: what was asked for, whatever runs the guest.
//!
//! Must not know: how a backend makes a guest stop.

use crate::compile::{Instrumentation, Stop, Stops, StoreCheck};
use std::collections::HashMap;

/// The stops asked for.
#[derive(Debug, Default)]
pub struct WantedStops {
    by_func: HashMap<(u32, u32), Stops>,
    flood: bool,
    watched_stores: StoreCheck,
}

impl WantedStops {
    /// Asks for stops in a function of an instance, in place of what was asked before, which is the answer.
    pub fn set(&mut self, instance: u32, func: u32, stops: Stops) -> Stops {
        let stops = match stops {
            Stops::At(stops) if stops.is_empty() => Stops::None,
            Stops::At(stops) => Stops::At(merged(stops)),
            other => other,
        };
        let before = if stops == Stops::None {
            self.by_func.remove(&(instance, func))
        } else {
            self.by_func.insert((instance, func), stops)
        };
        before.unwrap_or(Stops::None)
    }

    /// Turns flood on or off; whether that changed anything.
    pub fn set_flood(&mut self, on: bool) -> bool {
        std::mem::replace(&mut self.flood, on) != on
    }

    /// Says how stores are to be checked; whether that changed anything.
    pub fn set_watched_stores(&mut self, check: StoreCheck) -> bool {
        std::mem::replace(&mut self.watched_stores, check) != check
    }

    /// What a variant of a function has to do, with these stops or (`None`) those asked for.
    pub fn instrumentation(&self, instance: u32, func: u32, stops: Option<&Stops>) -> Instrumentation {
        Instrumentation {
            stops: stops.unwrap_or(self.of(instance, func)).clone(),
            watched_stores: self.watched_stores,
        }
    }

    /// Whether anything may stop at a boundary.
    pub fn any(&self) -> bool {
        self.flood || !self.by_func.is_empty()
    }

    /// Where a function's code has to stop.
    pub fn of(&self, instance: u32, func: u32) -> &Stops {
        if self.flood {
            return &Stops::All;
        }
        self.by_func.get(&(instance, func)).unwrap_or(&Stops::None)
    }

    /// Whether a boundary calls the handler, its conditions aside.
    pub fn wants(&self, instance: u32, func: u32, offset: u64) -> bool {
        match self.of(instance, func) {
            Stops::None => false,
            Stops::At(stops) => stops.binary_search_by_key(&offset, |stop| stop.offset).is_ok(),
            Stops::All => true,
        }
    }
}

/// Stops by ascending offset, those at one boundary made one: it has no conditions if one of them has none.
fn merged(mut stops: Vec<Stop>) -> Vec<Stop> {
    stops.sort_by_key(|stop| stop.offset);
    stops.dedup_by(|behind, first| {
        let same = behind.offset == first.offset;
        if same && (behind.only_if.is_empty() || first.only_if.is_empty()) {
            first.only_if.clear();
        } else if same {
            first.only_if.append(&mut behind.only_if);
        }
        same
    });
    stops
}
