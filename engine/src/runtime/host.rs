//! The one seam through which everything from outside reaches the guest: results of host functions, and the
//! guest memory they write.
//!
//! # Invariants
//! - A host function reads and writes guest memory only through [`GuestMemory`], which notes every written range:
//!   so a run can be recorded by logging this seam.
//! - Out-of-bounds access is an error of the call, never a panic.
//!
//! Must not know: what the host functions are for.

use crate::types::{FuncType, Val};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Why a host function does not return to its guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostError {
    /// The guest asked to end (`proc_exit`).
    Exit(u32),
    /// The call cannot be served: the guest traps with this message.
    Trap(String),
    /// The call was waiting when the [`Interrupt`] was raised. Nothing was done that the guest could notice: leave
    /// the guest at its call, and call again with the same arguments when it is to go on.
    Interrupted,
}

/// Guest memory handed to a host function for the length of one call.
#[derive(Debug)]
pub struct GuestMemory<'a> {
    bytes: &'a mut [u8],
    written: &'a mut Vec<Range<usize>>,
}

impl<'a> GuestMemory<'a> {
    /// Wraps the bytes of memory 0; `written` collects the ranges that were written.
    pub fn new(bytes: &'a mut [u8], written: &'a mut Vec<Range<usize>>) -> GuestMemory<'a> {
        GuestMemory { bytes, written }
    }

    /// The whole memory, to read.
    pub fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// `len` bytes at `address`, if inside.
    pub fn read(&self, address: u32, len: u32) -> Option<&[u8]> {
        let start = address as usize;
        self.bytes.get(start..start.checked_add(len as usize)?)
    }

    /// A mutable view of `len` bytes at `address`, if inside; counts as written.
    pub fn write(&mut self, address: u32, len: u32) -> Option<&mut [u8]> {
        let start = address as usize;
        let range = start..start.checked_add(len as usize)?;
        let view = self.bytes.get_mut(range.clone())?;
        if !range.is_empty() {
            self.written.push(range);
        }
        Some(view)
    }

    /// Has `len` bytes at `address`, if inside, filled by what tells how many of them it did fill, from the first on: those
    /// count as written, and none if it fails.
    pub fn fill<E>(
        &mut self,
        address: u32,
        len: u32,
        fill: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Option<Result<usize, E>> {
        let start = address as usize;
        let view = self.bytes.get_mut(start..start.checked_add(len as usize)?)?;
        let filled = fill(view);
        if let Ok(filled @ 1..) = filled {
            self.written
                .push(start..start.saturating_add(filled.min(len as usize)));
        }
        Some(filled)
    }

    /// A little-endian `u32` at `address`.
    pub fn read_u32(&self, address: u32) -> Option<u32> {
        self.read(address, 4)
            .and_then(|b| b.try_into().ok())
            .map(u32::from_le_bytes)
    }

    /// A little-endian `u64` at `address`.
    pub fn read_u64(&self, address: u32) -> Option<u64> {
        self.read(address, 8)
            .and_then(|b| b.try_into().ok())
            .map(u64::from_le_bytes)
    }

    /// Copies `bytes` to `address`; `None` if they do not fit (nothing is written then).
    pub fn write_all(&mut self, address: u32, bytes: &[u8]) -> Option<()> {
        let len = u32::try_from(bytes.len()).ok()?;
        self.write(address, len)?.copy_from_slice(bytes);
        Some(())
    }
}

/// A flag another thread raises to get a guest (or a host function that waits) to stop soon.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Raises it.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Lowers it.
    pub fn clear(&self) {
        self.0.store(false, Ordering::Release);
    }

    /// Whether it is raised.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// One call of a host function.
#[derive(Debug)]
pub struct HostCall<'a> {
    /// Arguments, as the type says.
    pub args: &'a [Val],
    /// Results to fill, preset to zeros of the right types.
    pub results: &'a mut [Val],
    /// Memory 0 of the calling instance; `None` if it has none.
    pub memory: Option<GuestMemory<'a>>,
}

/// A host function's code.
pub type HostCode = Box<dyn FnMut(&mut HostCall<'_>) -> Result<(), HostError> + Send>;

/// A host function: a type and code.
pub struct HostFunc {
    /// Module name it answers to.
    pub module: String,
    /// Field name it answers to.
    pub field: String,
    /// Its type.
    pub ty: FuncType,
    /// Its code.
    pub code: HostCode,
}

impl std::fmt::Debug for HostFunc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{} {}", self.module, self.field, self.ty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_filled_counts_as_written() {
        let (mut bytes, mut written) = ([0; 100], Vec::new());
        let mut memory = GuestMemory::new(&mut bytes, &mut written);
        let fill = |len: usize| {
            move |buffer: &mut [u8]| {
                buffer[..len].fill(7);
                Ok::<usize, ()>(len)
            }
        };
        assert_eq!(memory.fill(10, 50, fill(5)), Some(Ok(5)));
        assert_eq!(memory.fill(20, 50, fill(0)), Some(Ok(0)));
        assert_eq!(memory.fill(30, 10, |_| Err(())), Some(Err(())));
        assert_eq!(memory.fill(60, 41, fill(1)), None);
        // Who tells of more than there is room for has filled all.
        assert_eq!(memory.fill(98, 2, |_| Ok::<usize, ()>(9)), Some(Ok(9)));
        assert_eq!(written, [10..15, 98..100]);
        assert_eq!((bytes[14], bytes[15]), (7, 0));
    }
}
