//! Exceptions that the arms of old `try`s have caught and may throw again: a stack beside the guest's.
//!
//! An arm that is gone leaves what it kept behind, until something is kept at its place or before it, so there are never
//! more of them than arms have been on the stack at once.
//!
//! # Invariants
//! - They take no more than [`MAX_LEN_BYTES`]: each may have a thousand values, and there is room for many frames.
//!
//! Must not know: how an arm is found.

use super::Exception;

/// Bytes of the exceptions that are kept at once.
const MAX_LEN_BYTES: usize = 128 << 20;

/// The exceptions by the places of their arms, in the order in which these were entered.
#[derive(Debug)]
pub struct Caught<P> {
    exceptions: Vec<(P, Exception)>,
    len_bytes: usize,
}

impl<P> Default for Caught<P> {
    fn default() -> Self {
        Caught {
            exceptions: Vec::new(),
            len_bytes: 0,
        }
    }
}

impl<P: Copy + Ord> Caught<P> {
    /// Whether there is room for what an arm catches, which is entered now: all arms behind it are gone.
    pub fn makes_room(&mut self, place: P, exception: &Exception) -> bool {
        self.forget_from(place);
        self.len_bytes + exception.len_bytes() <= MAX_LEN_BYTES
    }

    /// Keeps what an arm has caught.
    pub fn keep(&mut self, place: P, exception: Exception) {
        self.forget_from(place);
        self.len_bytes += exception.len_bytes();
        self.exceptions.push((place, exception));
    }

    /// Forgets what was kept by arms at a place and behind it.
    fn forget_from(&mut self, place: P) {
        let before = self.exceptions.partition_point(|&(other, _)| other < place);
        for (_, exception) in self.exceptions.drain(before..) {
            self.len_bytes -= exception.len_bytes();
        }
    }

    /// What the arm under way at a place has caught.
    pub fn get(&self, place: P) -> Option<&Exception> {
        let index = self.exceptions.binary_search_by_key(&place, |&(place, _)| place);
        self.exceptions.get(index.ok()?).map(|(_, exception)| exception)
    }

    /// Forgets everything: no guest is left.
    pub fn clear(&mut self) {
        *self = Caught::default();
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

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.exceptions.is_empty()
    }
}
