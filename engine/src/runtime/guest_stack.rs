//! The guest's own stack: wasm frames and nothing else.
//!
//! # Invariants
//! - Below its lowest address lies a guard that faults.
//! - Reads and writes from outside are checked against its bounds.
//!
//! Must not know: what the frames mean.
#![allow(unsafe_code)]

use super::mapping::Mapping;
use crate::error::Error;
use crate::layout::STACK_SLACK;
use std::ops::Range;

/// Usable bytes. Enough for some hundred thousand frames of small functions, or some ten thousand frames of
/// unoptimized code; touched pages only take memory.
pub const LEN_BYTES: usize = 16 << 20;
/// Bytes that fault below.
const GUARD_LEN_BYTES: usize = 1 << 20;

/// A guest stack.
pub struct GuestStack {
    mapping: Mapping,
}

impl GuestStack {
    /// An empty stack.
    pub fn new() -> Result<GuestStack, Error> {
        let refused = |error| Error::Host(format!("cannot map a stack for the guest: {error}"));
        let mut mapping = Mapping::reserve(GUARD_LEN_BYTES + LEN_BYTES).map_err(refused)?;
        mapping
            .commit(GUARD_LEN_BYTES..GUARD_LEN_BYTES + LEN_BYTES)
            .map_err(refused)?;
        Ok(GuestStack { mapping })
    }

    /// One past the highest address; a multiple of 16.
    pub fn top(&self) -> u64 {
        self.mapping.range().end as u64
    }

    /// Lowest `rsp` a function may have after its prologue.
    pub fn limit(&self) -> u64 {
        (self.mapping.range().start + GUARD_LEN_BYTES) as u64 + u64::from(STACK_SLACK)
    }

    /// Addresses that fault.
    pub fn guard(&self) -> Range<usize> {
        let start = self.mapping.range().start;
        start..start + GUARD_LEN_BYTES
    }

    /// The place of 8 bytes at an address, if it is aligned and inside.
    fn place(&self, address: u64) -> Option<*mut u64> {
        let start = self.mapping.range().start;
        let offset = usize::try_from(address).ok()?.checked_sub(start)?;
        let inside = (GUARD_LEN_BYTES..=GUARD_LEN_BYTES + LEN_BYTES - 8).contains(&offset);
        if !inside || !offset.is_multiple_of(8) {
            return None;
        }
        // SAFETY: `offset` lies inside the mapping.
        Some(unsafe { self.mapping.base().add(offset).cast() })
    }

    /// Reads 8 bytes.
    pub fn read(&self, address: u64) -> Option<u64> {
        // SAFETY: `place` gives an aligned place in committed memory; the guest stands still.
        self.place(address).map(|place| unsafe { place.read() })
    }

    /// Writes 8 bytes; `false` if the address is outside.
    pub fn write(&mut self, address: u64, value: u64) -> bool {
        match self.place(address) {
            // SAFETY: as in `read`, and the stack is borrowed exclusively.
            Some(place) => unsafe {
                place.write(value);
                true
            },
            None => false,
        }
    }

    /// Reads a value of 16 bytes (`wide`) or 8.
    pub fn read_val(&self, address: u64, wide: bool) -> Option<u128> {
        let low = u128::from(self.read(address)?);
        let high = if wide {
            u128::from(self.read(address.checked_add(8)?)?)
        } else {
            0
        };
        Some(high << 64 | low)
    }

    /// Writes a value of 16 bytes (`wide`) or 8.
    pub fn write_val(&mut self, address: u64, wide: bool, bits: u128) -> bool {
        self.write(address, bits as u64)
            && (!wide
                || address
                    .checked_add(8)
                    .is_some_and(|high| self.write(high, (bits >> 64) as u64)))
    }
}
