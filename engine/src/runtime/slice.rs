//! How many ticks pass between two looks at the interrupt flag: as many as fit a span of time that nobody notices.
//!
//! A tick is a nanosecond in a tight loop, and a millisecond where a loop's body is as long as a body may be: no fixed
//! number of ticks would serve both.
//!
//! # Invariants
//! - Slices change when the runtime looks at the flag, and never how ticks are counted.
//!
//! Must not know: what a look leads to.

use std::time::{Duration, Instant};

/// The longest slice. Leaving compiled code costs less than a hundredth of what it takes at least.
const MOST_TICKS: u64 = 50_000;
/// The first slice of a guest, of which nothing is known yet.
const FIRST_TICKS: u64 = 50;
/// A slice that took less is followed by a longer one.
const SHORT: Duration = Duration::from_millis(1);
/// A slice that took more is followed by one that would have taken [`SHORT`].
const LONG: Duration = Duration::from_millis(4);

/// The slice in progress.
#[derive(Debug)]
pub struct Slice {
    ticks: u64,
    began: Instant,
}

impl Slice {
    /// None yet.
    pub fn new() -> Slice {
        Slice {
            ticks: FIRST_TICKS,
            began: Instant::now(),
        }
    }

    /// The first slice of a guest.
    pub fn first(&mut self) -> u64 {
        self.ticks = FIRST_TICKS;
        self.began = Instant::now();
        self.ticks
    }

    /// The slice after one that is used up.
    pub fn next(&mut self) -> u64 {
        let now = Instant::now();
        self.ticks = after(self.ticks, now.saturating_duration_since(self.began));
        self.began = now;
        self.ticks
    }
}

/// How many ticks to allow after so many took so long.
fn after(ticks: u64, took: Duration) -> u64 {
    if took < SHORT {
        ticks.saturating_mul(2).min(MOST_TICKS)
    } else if took > LONG {
        let share = u128::from(ticks) * SHORT.as_nanos() / took.as_nanos();
        u64::try_from(share).unwrap_or(ticks).max(1)
    } else {
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_follow_what_a_tick_takes() {
        let settle = |tick: Duration| {
            let mut ticks = FIRST_TICKS;
            for _ in 0..30 {
                ticks = after(ticks, tick * ticks as u32);
            }
            (ticks, tick * ticks as u32)
        };
        assert_eq!(settle(Duration::from_nanos(1)).0, MOST_TICKS);
        for tick in [100, 1_000, 50_000, 900_000].map(Duration::from_nanos) {
            let (ticks, took) = settle(tick);
            assert!(took <= LONG, "{ticks} ticks of {tick:?}");
        }
        assert_eq!(settle(Duration::from_millis(20)).0, 1);
    }
}
