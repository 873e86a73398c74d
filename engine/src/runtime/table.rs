//! Tables.
//!
//! # Invariants
//! - An element is reference bits, 0 for null.
//! - Elements never move, and take memory only once they are written: a table of null references costs nothing.
//! - The record that compiled code reads is in step with the mapping.
//!
//! Must not know: what references mean.
#![allow(unsafe_code)]

use super::mapping::Mapping;
use crate::error::Error;
use crate::module::TableType;

/// Elements a table may have at most.
pub const MAX_ELEMENTS: u32 = 10_000_000;
/// Elements that all tables of a store may have together: a small module can declare many large tables.
pub const MAX_ELEMENTS_OF_STORE: u64 = 40_000_000;

const ELEMENT_LEN_BYTES: usize = size_of::<u64>();
/// A multiple of every page size there is.
const COMMIT_ALIGN: usize = 64 * 1024;

/// A table as compiled code sees it (see [`layout::table`](crate::layout::table)).
#[repr(C)]
struct VmTable {
    base: u64,
    len: u64,
}

/// A table.
pub struct Table {
    ty: TableType,
    mapping: Mapping,
    record: Box<VmTable>,
}

impl Table {
    /// A table of its minimal length, all null.
    pub fn new(ty: TableType) -> Result<Table, Error> {
        if ty.min > u64::from(MAX_ELEMENTS) {
            return Err(Error::Host(format!(
                "a table of {} elements is over the limit of {MAX_ELEMENTS}",
                ty.min
            )));
        }
        let limit = u64::from(MAX_ELEMENTS);
        let most = ty.max.unwrap_or(limit).clamp(1, limit);
        let len_bytes = (most as usize * ELEMENT_LEN_BYTES).next_multiple_of(COMMIT_ALIGN);
        let mapping = Mapping::reserve(len_bytes)
            .map_err(|error| Error::Host(format!("cannot reserve address space for a table: {error}")))?;
        let mut table = Table {
            ty,
            record: Box::new(VmTable {
                base: mapping.base() as u64,
                len: 0,
            }),
            mapping,
        };
        match table.grow(ty.min, 0) {
            Some(_) => Ok(table),
            None => Err(Error::Host(format!(
                "not enough memory for a table of {} elements",
                ty.min
            ))),
        }
    }

    /// Its declared type, a function type in it by store-wide number.
    pub fn ty(&self) -> TableType {
        self.ty
    }

    /// Current length.
    pub fn len(&self) -> u32 {
        self.record.len as u32
    }

    /// Grows by `delta` elements of value `init`; the old length, or `None` if refused.
    pub fn grow(&mut self, delta: u64, init: u64) -> Option<u32> {
        let old = self.len();
        let new = u64::from(old).checked_add(delta)?;
        if new > u64::from(MAX_ELEMENTS) || self.ty.max.is_some_and(|max| new > max) {
            return None;
        }
        let committed = (new as usize * ELEMENT_LEN_BYTES).next_multiple_of(COMMIT_ALIGN);
        self.mapping.commit(0..committed).ok()?;
        self.record.len = new;
        // New pages are zeros, which is null; tables never shrink.
        if init != 0 {
            self.elements_mut().get_mut(old as usize..)?.fill(init);
        }
        Some(old)
    }

    /// The elements.
    pub fn elements(&self) -> &[u64] {
        // SAFETY: the mapping is committed up to the length and aligned to pages; no guest runs while the store is
        // borrowed.
        unsafe { std::slice::from_raw_parts(self.mapping.base().cast(), self.record.len as usize) }
    }

    /// The elements, to write.
    pub fn elements_mut(&mut self) -> &mut [u64] {
        // SAFETY: as in `elements`, with `&mut self` for exclusive use.
        unsafe { std::slice::from_raw_parts_mut(self.mapping.base().cast(), self.record.len as usize) }
    }

    /// Address of the record that compiled code reads.
    pub fn record(&self) -> u64 {
        &raw const *self.record as u64
    }
}
