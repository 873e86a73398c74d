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
