//! Exceptions that references name.
//!
//! # Invariants
//! - A reference is a number that is never used twice; 0 is null.
//! - What no reference names any more is dropped when [`Exceptions::is_due`] says so, and not before: whoever holds
//!   references lists them to [`Exceptions::keep`].
//!
//! Must not know: who throws.

use crate::interp::Exception;
use std::collections::{HashMap, HashSet};

/// How many there are when it is first worth to look for those that nothing names.
const FIRST_DUE: usize = 1024;

/// The exceptions of a store.
#[derive(Debug)]
pub struct Exceptions {
    by_reference: HashMap<u64, Exception>,
    last: u64,
    due: usize,
}

impl Default for Exceptions {
    fn default() -> Exceptions {
        Exceptions {
            by_reference: HashMap::new(),
            last: 0,
            due: FIRST_DUE,
        }
    }
}

impl Exceptions {
    /// Takes an exception in; its reference.
    pub fn add(&mut self, exception: Exception) -> u64 {
        self.last += 1;
        self.by_reference.insert(self.last, exception);
        self.last
    }

    /// What a reference names.
    pub fn get(&self, reference: u64) -> Option<&Exception> {
        self.by_reference.get(&reference)
    }

    /// Whether there are so many that some should be dropped.
    pub fn is_due(&self) -> bool {
        self.by_reference.len() >= self.due
    }

    /// Drops all but those that the references name, and those that exceptions kept so refer to themselves.
    pub fn keep(&mut self, references: impl IntoIterator<Item = u64>) {
        let mut kept = HashSet::new();
        let mut open: Vec<u64> = references.into_iter().collect();
        while let Some(reference) = open.pop() {
            if let Some(exception) = self.by_reference.get(&reference)
                && kept.insert(reference)
            {
                open.extend(exception.references());
            }
        }
        self.by_reference.retain(|reference, _| kept.contains(reference));
        self.due = (2 * kept.len()).max(FIRST_DUE);
    }
}
