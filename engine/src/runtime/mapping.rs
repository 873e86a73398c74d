//! Address space from the system: reserved, committed in parts, returned when dropped.
//!
//! # Invariants
//! - A mapping owns its range; nothing else maps or unmaps there.
//! - Never writable and executable.
//!
//! Must not know: what it is used for.
#![allow(unsafe_code)]

use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;

/// A range of address space.
#[derive(Debug)]
pub struct Mapping {
    base: *mut u8,
    len: usize,
}

/// What may be done with a mapped file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read and write.
    ReadWrite,
    /// Read and execute.
    ReadExecute,
}

impl Mapping {
    /// Reserves `len` bytes that may not be touched.
    pub fn reserve(len: usize) -> io::Result<Mapping> {
        Mapping::map(
            len,
            libc::PROT_NONE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
        )
    }

    /// Maps the first `len` bytes of a file, shared.
    pub fn file(file: BorrowedFd<'_>, len: usize, access: Access) -> io::Result<Mapping> {
        let prot = match access {
            Access::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
            Access::ReadExecute => libc::PROT_READ | libc::PROT_EXEC,
        };
        Mapping::map(
            len,
            prot,
            libc::MAP_SHARED | libc::MAP_NORESERVE,
            file.as_raw_fd(),
        )
    }

    fn map(len: usize, prot: i32, flags: i32, fd: i32) -> io::Result<Mapping> {
        // SAFETY: no address is asked for, so no existing mapping is touched; the result is checked.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), len, prot, flags, fd, 0) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Mapping {
            base: base.cast(),
            len,
        })
    }

    /// Makes a part readable and writable; both ends must be multiples of the system's page size.
    pub fn commit(&mut self, part: Range<usize>) -> io::Result<()> {
        if part.is_empty() {
            return Ok(());
        }
        if part.end > self.len {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // SAFETY: the part lies in this mapping, which is owned here; making it accessible invalidates nothing.
        let result = unsafe {
            libc::mprotect(
                self.base.add(part.start).cast(),
                part.end - part.start,
                libc::PROT_READ | libc::PROT_WRITE,
            )
        };
        if result == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }

    /// First address.
    pub fn base(&self) -> *mut u8 {
        self.base
    }

    /// All addresses.
    pub fn range(&self) -> Range<usize> {
        let start = self.base as usize;
        start..start + self.len
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range came from `mmap` with this length and is unmapped once.
        unsafe {
            libc::munmap(self.base.cast(), self.len);
        }
    }
}

// SAFETY: a mapping is plain memory, owned by one value.
unsafe impl Send for Mapping {}
