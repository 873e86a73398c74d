//! Where the arms of old `try`s are whose exceptions are [kept](Caught): as the frames lie.
//!
//! Must not know: how a frame is found.

use crate::interp::Caught;
use std::cmp::Reverse;

/// Where an arm is. One that was entered before another, if both are under way, comes before it: callees are at lower
/// addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArmPlace {
    /// Frame pointer of its frame.
    rbp: Reverse<u64>,
    /// How deep in its function.
    level: u32,
}

impl ArmPlace {
    /// In the frame of a frame pointer, so deep in its function.
    pub fn new(rbp: u64, level: u32) -> ArmPlace {
        let rbp = Reverse(rbp);
        ArmPlace { rbp, level }
    }
}

/// What arms of compiled code have caught.
pub type CaughtByArms = Caught<ArmPlace>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interp::Exception;

    #[test]
    fn arms_that_are_gone_make_room() {
        let exception = |tag| Exception::new(tag, [].into());
        let place = ArmPlace::new;
        let mut caught = CaughtByArms::default();
        caught.keep(place(100, 1), exception(1));
        caught.keep(place(100, 3), exception(2));
        caught.keep(place(80, 2), exception(3));
        caught.keep(place(60, 2), exception(4));
        assert_eq!(caught.get(place(100, 3)), Some(&exception(2)));
        assert_eq!(caught.get(place(100, 2)), None);
        // The frame at 80 goes on in another arm: what it called is gone.
        caught.keep(place(80, 2), exception(5));
        assert_eq!(caught.get(place(80, 2)), Some(&exception(5)));
        assert_eq!((caught.get(place(60, 2)), caught.len()), (None, 3));
        // A shallower frame at another address.
        caught.keep(place(90, 7), exception(6));
        assert_eq!((caught.get(place(80, 2)), caught.len()), (None, 3));
    }
}
