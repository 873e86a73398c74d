//! Which boundaries of which functions call the handler: what was asked for, whatever runs the guest.
//!
//! Must not know: how a backend makes a guest stop.

use crate::compile::Stops;
use std::collections::HashMap;

/// The stops asked for.
#[derive(Debug, Default)]
pub struct WantedStops {
    by_func: HashMap<(u32, u32), Stops>,
    flood: bool,
}

impl WantedStops {
    /// Asks for stops in a function of an instance, in place of what was asked before, which is the answer.
    pub fn set(&mut self, instance: u32, func: u32, stops: Stops) -> Stops {
        let stops = match stops {
            Stops::At(mut offsets) => {
                offsets.sort_unstable();
                offsets.dedup();
                if offsets.is_empty() {
                    Stops::None
                } else {
                    Stops::At(offsets)
                }
            }
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

    /// Whether anything may stop at all.
    pub fn any(&self) -> bool {
        self.flood || !self.by_func.is_empty()
    }

    /// What a function's code has to do.
    pub fn of(&self, instance: u32, func: u32) -> &Stops {
        if self.flood {
            return &Stops::All;
        }
        self.by_func.get(&(instance, func)).unwrap_or(&Stops::None)
    }

    /// Whether a boundary calls the handler.
    pub fn wants(&self, instance: u32, func: u32, offset: u64) -> bool {
        match self.of(instance, func) {
            Stops::None => false,
            Stops::At(offsets) => offsets.binary_search(&offset).is_ok(),
            Stops::All => true,
        }
    }
}
