//! Exceptions that the arms of old `try`s have caught and may throw again.
//!
//! They lie as the frames do whose arms these are: a stack beside the guest's. A frame that is gone leaves what it
//! kept behind, until something is kept at its place or above it, so there are never more of them than frames (and arms
//! in them) have been on the stack at once.
//!
//! Must not know: how a frame is found.

use crate::interp::Exception;

/// Where an arm is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArmPlace {
    /// Frame pointer of its frame.
    pub rbp: u64,
    /// How deep in its function.
    pub level: u32,
}

impl ArmPlace {
    /// Whether an arm here was entered before one at `other`, if both are under way. Callees are at lower addresses.
    fn is_before(self, other: ArmPlace) -> bool {
        self.rbp > other.rbp || self.rbp == other.rbp && self.level < other.level
    }
}

/// The exceptions, in the order in which their arms were entered.
#[derive(Debug, Default)]
pub struct Caught {
    exceptions: Vec<(ArmPlace, Exception)>,
}

impl Caught {
    /// Keeps what an arm has caught, which is entered now: all arms behind it are gone.
    pub fn keep(&mut self, place: ArmPlace, exception: Exception) {
        self.forget_from(place);
        self.exceptions.push((place, exception));
    }

    /// Forgets what was kept by arms at a place and behind it.
    fn forget_from(&mut self, place: ArmPlace) {
        let before = self
            .exceptions
            .partition_point(|(other, _)| other.is_before(place));
        self.exceptions.truncate(before);
    }

    /// What the arm under way at a place has caught.
    pub fn get(&self, place: ArmPlace) -> Option<&Exception> {
        let index = self
            .exceptions
            .partition_point(|(other, _)| other.is_before(place));
        let (found, exception) = self.exceptions.get(index)?;
        (*found == place).then_some(exception)
    }

    /// Forgets everything: no guest is left.
    pub fn clear(&mut self) {
        self.exceptions.clear();
    }

    /// References to exceptions among their values.
    pub fn references(&self) -> impl Iterator<Item = u64> + '_ {
        self.exceptions
            .iter()
            .flat_map(|(_, exception)| exception.references())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.exceptions.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_that_are_gone_make_room() {
        let exception = |tag| Exception::new(tag, [].into());
        let place = |rbp, level| ArmPlace { rbp, level };
        let mut caught = Caught::default();
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
