//! Memory for machine code.
//!
//! # Invariants
//! - W^X: the code lies in a memory file that is mapped twice, writable at one address and executable at another.
//!   No mapping is both.
//! - Published code never moves, never changes, and is never freed before the region.
//!
//! Must not know: what the code does.
#![allow(unsafe_code)]

use super::mapping::{Access, Mapping};
use crate::error::Error;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

/// Size of the region; only pages that hold code take memory.
const REGION_LEN_BYTES: usize = 1 << 30;
/// Blocks start at multiples of this.
const BLOCK_ALIGN: usize = 32;

/// A region of code.
pub struct CodeMemory {
    writable: Mapping,
    executable: Mapping,
    len: usize,
}

impl CodeMemory {
    /// An empty region.
    pub fn new() -> Result<CodeMemory, Error> {
        let refused = |error| Error::Host(format!("cannot map memory for compiled code: {error}"));
        let file = memory_file().map_err(refused)?;
        Ok(CodeMemory {
            writable: Mapping::file(file.as_fd(), REGION_LEN_BYTES, Access::ReadWrite).map_err(refused)?,
            executable: Mapping::file(file.as_fd(), REGION_LEN_BYTES, Access::ReadExecute)
                .map_err(refused)?,
            len: 0,
        })
    }

    /// Publishes code; its address.
    pub fn publish(&mut self, code: &[u8]) -> Result<u64, Error> {
        let start = self.len.next_multiple_of(BLOCK_ALIGN);
        let end = (start.checked_add(code.len()))
            .filter(|&end| end <= REGION_LEN_BYTES)
            .ok_or_else(|| Error::Host("memory for compiled code is used up (1 GiB)".to_string()))?;
        // SAFETY: `start..end` lies in the region and is not published yet, so nothing executes it; source and
        // destination are different memory.
        unsafe {
            std::ptr::copy_nonoverlapping(code.as_ptr(), self.writable.base().add(start), code.len());
        }
        self.len = end;
        Ok((self.executable.range().start + start) as u64)
    }

    /// Addresses of what is published so far.
    pub fn published(&self) -> Range<usize> {
        let start = self.executable.range().start;
        start..start + self.len
    }
}

/// A file in memory, as long as the region.
fn memory_file() -> io::Result<OwnedFd> {
    // SAFETY: the name is a C string; the result is checked.
    let fd = unsafe { libc::memfd_create(c"stepwell-code".as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `fd` is open and owned by nothing else.
    let file = unsafe { OwnedFd::from_raw_fd(fd) };
    // SAFETY: `file` is an open file.
    if unsafe { libc::ftruncate(file.as_raw_fd(), REGION_LEN_BYTES as libc::off_t) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(file)
}
