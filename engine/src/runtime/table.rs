//! Tables.
//!
//! # Invariants
//! - An element is reference bits, 0 for null.
//! - The record that compiled code reads is in step with the elements, which may move when the table grows.
//!
//! Must not know: what references mean.

use crate::error::Error;
use crate::module::TableType;

/// Elements a table may have at most.
pub const MAX_ELEMENTS: u32 = 10_000_000;

/// A table as compiled code sees it (see [`layout::table`](crate::layout::table)).
#[repr(C)]
struct VmTable {
    base: u64,
    len: u64,
}

/// A table.
pub struct Table {
    ty: TableType,
    elements: Vec<u64>,
    record: Box<VmTable>,
}

impl Table {
    /// A table of its minimal length, all null.
    pub fn new(ty: TableType) -> Result<Table, Error> {
        if ty.min > MAX_ELEMENTS {
            return Err(Error::Host(format!(
                "a table of {} elements is over the limit of {MAX_ELEMENTS}",
                ty.min
            )));
        }
        let mut table = Table {
            ty,
            elements: Vec::new(),
            record: Box::new(VmTable { base: 0, len: 0 }),
        };
        match table.grow(ty.min, 0) {
            Some(_) => Ok(table),
            None => Err(Error::Host(format!(
                "not enough memory for a table of {} elements",
                ty.min
            ))),
        }
    }

    /// Its declared type.
    pub fn ty(&self) -> TableType {
        self.ty
    }

    /// Current length.
    pub fn len(&self) -> u32 {
        self.elements.len() as u32
    }

    /// Grows by `delta` elements of value `init`; the old length, or `None` if refused.
    pub fn grow(&mut self, delta: u32, init: u64) -> Option<u32> {
        let old = self.len();
        let new = old.checked_add(delta)?;
        if new > MAX_ELEMENTS || self.ty.max.is_some_and(|max| new > max) {
            return None;
        }
        self.elements.try_reserve(delta as usize).ok()?;
        self.elements.resize(new as usize, init);
        self.record.base = self.elements.as_mut_ptr() as u64;
        self.record.len = u64::from(new);
        Some(old)
    }

    /// The elements.
    pub fn elements(&self) -> &[u64] {
        &self.elements
    }

    /// The elements, to write.
    pub fn elements_mut(&mut self) -> &mut [u64] {
        &mut self.elements
    }

    /// Address of the record that compiled code reads.
    pub fn record(&self) -> u64 {
        &raw const *self.record as u64
    }
}
