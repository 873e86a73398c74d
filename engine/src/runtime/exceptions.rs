//! Exceptions that references name.
//!
//! # Invariants
//! - A reference is a number that is never used twice; 0 is null.
//! - What no reference names any more is dropped when [`Exceptions::is_due`] says so, and not before: whoever makes a
//!   reference lists those of the guest then, in the values of its frames, and [`Store::keep_exceptions`] adds those of
//!   globals, tables and segments. So a guest that throws for ever takes a bounded amount of memory, and looking for
//!   what is still named costs little for each exception.
//! - A reference that the host alone holds may be one that nothing names: it is no value of the store any more then.
//! - A guest cannot have the host keep more than [`MAX_KEPT_BYTES`]; what it has caught then is a trap.
//!
//! Must not know: who throws.

use super::store::Store;
use crate::interp::Exception;
use crate::types::ValType;
use std::collections::{HashMap, HashSet};

/// The least bytes at which it is worth to look for those that nothing names.
const FIRST_DUE_BYTES: usize = 128 << 10;
/// How many bytes more may gather for each place that had to be looked at.
const BYTES_A_PLACE: usize = 16;
/// Bytes of exceptions that references may name.
const MAX_KEPT_BYTES: usize = 128 << 20;
/// Bytes of exceptions, those that may be dropped included.
const MAX_BYTES: usize = 4 * MAX_KEPT_BYTES;

/// The exceptions of a store.
#[derive(Debug)]
pub struct Exceptions {
    by_reference: HashMap<u64, Exception>,
    len_bytes: usize,
    last: u64,
    due_bytes: usize,
    /// Whether too many are named.
    is_full: bool,
}

impl Default for Exceptions {
    fn default() -> Exceptions {
        Exceptions {
            by_reference: HashMap::new(),
            len_bytes: 0,
            last: 0,
            due_bytes: FIRST_DUE_BYTES,
            is_full: false,
        }
    }
}

impl Exceptions {
    /// Takes an exception in; its reference. `None` if there are too many.
    pub fn add(&mut self, exception: Exception) -> Option<u64> {
        if self.is_full || self.len_bytes > MAX_BYTES {
            return None;
        }
        self.len_bytes += exception.len_bytes();
        self.last += 1;
        self.by_reference.insert(self.last, exception);
        Some(self.last)
    }

    /// What a reference names.
    pub fn get(&self, reference: u64) -> Option<&Exception> {
        self.by_reference.get(&reference)
    }

    /// Whether there are so many that some should be dropped.
    pub fn is_due(&self) -> bool {
        self.is_full || self.len_bytes >= self.due_bytes
    }

    /// Drops all but those that the references name, and those that exceptions kept so refer to themselves. So many
    /// places have been looked at to list the references.
    pub fn keep(&mut self, references: impl IntoIterator<Item = u64>, places: usize) {
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
        self.by_reference.shrink_to(2 * kept.len());
        self.len_bytes = self.by_reference.values().map(Exception::len_bytes).sum();
        let more = self.len_bytes.max(FIRST_DUE_BYTES).max(BYTES_A_PLACE * places);
        self.due_bytes = self.len_bytes + more;
        self.is_full = self.len_bytes > MAX_KEPT_BYTES;
    }
}

impl Store {
    /// Drops exceptions that nothing names: neither these references, of all frames there are, nor what instances hold.
    pub(super) fn keep_exceptions(&mut self, mut references: Vec<u64>, frames: usize) {
        let is_exception = |ty: ValType| ty.erased() == ValType::ExnRef;
        let globals = self.globals.iter().filter(|global| is_exception(global.ty.ty));
        references.extend(globals.map(|global| global.cell.get() as u64));
        let tables = self
            .tables
            .iter()
            .filter(|table| is_exception(table.ty().element));
        let mut places = frames + self.globals.len();
        for table in tables {
            references.extend(table.elements().iter().filter(|&&element| element != 0));
            places += table.elements().len();
        }
        let segments = self.instances.iter().flat_map(|instance| &instance.elements);
        for elements in segments {
            // Of whatever type: what names no exception does no harm.
            references.extend(elements.iter());
            places += elements.len();
        }
        self.exceptions.keep(references, places);
    }
}
