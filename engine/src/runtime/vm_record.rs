//! A block of memory that compiled code and the runtime both read and write: VmCtx and function references.
//!
//! # Invariants
//! - Zeroed, aligned to 16 bytes, never moves, freed only when dropped.
//! - Accessed through raw pointers only, so that compiled code may write it whenever it runs.
//!
//! Must not know: what the fields mean.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;

/// A record for compiled code.
pub struct VmRecord {
    cells: Box<[UnsafeCell<u128>]>,
}

/// A 16-byte cell inside a record.
#[derive(Clone, Copy, Debug)]
pub struct Cell(*mut u128);

impl VmRecord {
    /// A record of at least `len_bytes` zero bytes.
    pub fn new(len_bytes: u32) -> VmRecord {
        let cells = (0..len_bytes.div_ceil(16)).map(|_| UnsafeCell::new(0)).collect();
        VmRecord { cells }
    }

    /// Its address.
    pub fn address(&self) -> u64 {
        self.cells.as_ptr() as u64
    }

    /// The place of a `T` at a byte offset.
    fn place<T>(&self, offset: u32) -> *mut T {
        let (offset, size) = (offset as usize, size_of::<T>());
        assert!(
            offset.is_multiple_of(size) && offset + size <= self.cells.len() * 16,
            "offset {offset} is not inside a record of {} bytes",
            self.cells.len() * 16
        );
        // SAFETY: checked to lie inside the allocation.
        unsafe {
            self.cells
                .as_ptr()
                .cast::<u8>()
                .add(offset)
                .cast::<T>()
                .cast_mut()
        }
    }

    /// Writes 8 bytes.
    pub fn put_u64(&mut self, offset: u32, value: u64) {
        // SAFETY: `place` gives an aligned place inside the record; no reference to it exists.
        unsafe { self.place::<u64>(offset).write(value) }
    }

    /// Reads 8 bytes.
    pub fn get_u64(&self, offset: u32) -> u64 {
        // SAFETY: as in `put_u64`; any bits are a `u64`.
        unsafe { self.place::<u64>(offset).read() }
    }

    /// Writes 4 bytes.
    pub fn put_u32(&mut self, offset: u32, value: u32) {
        // SAFETY: as in `put_u64`.
        unsafe { self.place::<u32>(offset).write(value) }
    }

    /// Reads 4 bytes.
    pub fn get_u32(&self, offset: u32) -> u32 {
        // SAFETY: as in `get_u64`.
        unsafe { self.place::<u32>(offset).read() }
    }

    /// A 16-byte cell. The caller keeps the record alive as long as the cell.
    pub fn cell(&self, offset: u32) -> Cell {
        Cell(self.place(offset))
    }
}

impl Cell {
    /// Its address.
    pub fn address(self) -> u64 {
        self.0 as u64
    }

    /// Reads it.
    pub fn get(self) -> u128 {
        // SAFETY: cells come from `VmRecord::cell`; records live as long as the store that keeps the cells.
        unsafe { self.0.read() }
    }

    /// Writes it.
    pub fn set(self, bits: u128) {
        // SAFETY: as in `get`; the guest does not run while the store is borrowed.
        unsafe { self.0.write(bits) }
    }
}

// SAFETY: a record is plain memory with one owner; cells are used only through the store that owns the record.
unsafe impl Send for VmRecord {}
// SAFETY: as above.
unsafe impl Send for Cell {}
