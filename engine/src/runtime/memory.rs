//! Linear memories.
//!
//! # Invariants
//! - The base of a reserved memory never moves. Its reservation covers every address an access can form: base +
//!   `u32` index + `u32` offset + access size. What lies past the current length faults.
//! - A new page reads as zero.
//! - The record that compiled code reads is in step with the mapping.
//!
//! Must not know: instances, who grows it.
#![allow(unsafe_code)]

use super::mapping::Mapping;
use crate::error::Error;
use crate::module::MemoryType;
use std::ops::Range;

/// Bytes of a wasm page.
pub const PAGE_LEN_BYTES: u64 = 64 * 1024;
/// Pages a memory may have at most, whatever the type of its addresses.
pub const MAX_PAGES: u32 = 65536;
/// Index and offset are below 4 GiB each; the guard takes the access size.
const RESERVATION_LEN_BYTES: usize = (8 << 30) + 64 * 1024;

/// A memory as compiled code sees it (see [`layout::memory`](crate::layout::memory)).
#[repr(C)]
struct VmMemory {
    base: u64,
    len_bytes: u64,
}

/// What holds the bytes.
enum Backing {
    /// A reservation, committed up to the length.
    Reserved(Mapping),
    /// Plain memory that may move: only where nothing keeps the base (the interpreter).
    Plain(Vec<u8>),
}

/// A linear memory.
pub struct Memory {
    ty: MemoryType,
    limit_pages: u32,
    backing: Backing,
    record: Box<VmMemory>,
}

impl Memory {
    /// A memory with its minimal length. Never grows past `limit_pages`. `movable` permits plain memory where
    /// the machine refuses the reservation.
    pub fn new(ty: MemoryType, limit_pages: u32, movable: bool) -> Result<Memory, Error> {
        let limit_pages = limit_pages.min(MAX_PAGES);
        if ty.min > u64::from(limit_pages) {
            return Err(Error::Host(format!(
                "a memory of {} pages is over the limit of {limit_pages} pages",
                ty.min
            )));
        }
        let backing = match Mapping::reserve(RESERVATION_LEN_BYTES) {
            Ok(mapping) => Backing::Reserved(mapping),
            Err(_) if movable => Backing::Plain(Vec::new()),
            Err(error) => {
                return Err(Error::Host(format!(
                    "cannot reserve 8 GiB of address space for a memory: {error}"
                )));
            }
        };
        let mut memory = Memory {
            ty,
            limit_pages,
            backing,
            record: Box::new(VmMemory {
                base: 0,
                len_bytes: 0,
            }),
        };
        if memory.set_len(ty.min * PAGE_LEN_BYTES) {
            Ok(memory)
        } else {
            Err(Error::Host(format!(
                "not enough memory for {} pages of a memory",
                ty.min
            )))
        }
    }

    /// Commits up to `len_bytes`; `false` (and no change) if the machine refuses.
    fn set_len(&mut self, len_bytes: u64) -> bool {
        let Ok(len) = usize::try_from(len_bytes) else {
            return false;
        };
        match &mut self.backing {
            Backing::Reserved(mapping) => {
                if mapping.commit(0..len).is_err() {
                    return false;
                }
                self.record.base = mapping.base() as u64;
            }
            Backing::Plain(bytes) => {
                if bytes.try_reserve_exact(len.saturating_sub(bytes.len())).is_err() {
                    return false;
                }
                bytes.resize(len, 0);
                self.record.base = bytes.as_mut_ptr() as u64;
            }
        }
        self.record.len_bytes = len_bytes;
        true
    }

    /// Its declared type.
    pub fn ty(&self) -> MemoryType {
        self.ty
    }

    /// Current length in pages.
    pub fn pages(&self) -> u32 {
        (self.record.len_bytes / PAGE_LEN_BYTES) as u32
    }

    /// Grows by `delta` pages; the old length in pages, or `None` if refused.
    pub fn grow(&mut self, delta: u64) -> Option<u32> {
        let old = self.pages();
        let new = u64::from(old).checked_add(delta)?;
        if new > u64::from(self.limit_pages) || self.ty.max.is_some_and(|max| new > max) {
            return None;
        }
        (delta == 0 || self.set_len(new * PAGE_LEN_BYTES)).then_some(old)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        match &self.backing {
            // SAFETY: the first `len_bytes` of the mapping are committed; no guest runs while the store is
            // borrowed.
            Backing::Reserved(mapping) => unsafe {
                std::slice::from_raw_parts(mapping.base(), self.record.len_bytes as usize)
            },
            Backing::Plain(bytes) => bytes,
        }
    }

    /// The bytes, to write.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        match &mut self.backing {
            // SAFETY: as in `bytes`, with `&mut self` for exclusive use.
            Backing::Reserved(mapping) => unsafe {
                std::slice::from_raw_parts_mut(mapping.base(), self.record.len_bytes as usize)
            },
            Backing::Plain(bytes) => bytes,
        }
    }

    /// Base address.
    pub fn base(&self) -> u64 {
        self.record.base
    }

    /// Address of the record that compiled code reads.
    pub fn record(&self) -> u64 {
        &raw const *self.record as u64
    }

    /// The reserved addresses: a fault of compiled code inside them is an access out of bounds.
    pub fn reservation(&self) -> Range<usize> {
        match &self.backing {
            Backing::Reserved(mapping) => mapping.range(),
            Backing::Plain(_) => 0..0,
        }
    }
}
