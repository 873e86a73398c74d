//! Memory for machine code.
//!
//! # Invariants
//! - W^X: the code lies in a memory file that is mapped twice, writable at one address and executable at another.
//!   No mapping is both.
//! - Published code never moves, and never changes until it is released; whoever releases it knows that nothing
//!   stands in it or points at it.
//! - All on one thread: no code runs while code is published.
//!
//! Must not know: what the code does.
#![allow(unsafe_code)]

use super::mapping::{Access, Mapping};
use crate::error::Error;
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

/// Size of the region; only pages that hold code take memory.
const REGION_LEN_BYTES: usize = 1 << 30;
/// Blocks start at multiples of this, a line of the processor's cache: how loops lie to lines, which is worth a fifth of
/// the time of a tight one, depends on nothing but their function.
const BLOCK_ALIGN: usize = 64;

/// A region of code.
pub struct CodeMemory {
    writable: Mapping,
    executable: Mapping,
    /// Bytes used at the front, free parts among them.
    len: usize,
    /// Free parts by where they start: their lengths. No two touch. All are multiples of [`BLOCK_ALIGN`].
    free: BTreeMap<usize, usize>,
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
            free: BTreeMap::new(),
        })
    }

    /// Publishes code; its address.
    pub fn publish(&mut self, code: &[u8]) -> Result<u64, Error> {
        let len = code.len().max(1).next_multiple_of(BLOCK_ALIGN);
        let reused = self.take_free(len);
        let start = match reused {
            Some(start) => start,
            None => {
                let start = self.len;
                self.len = (start.checked_add(len))
                    .filter(|&end| end <= REGION_LEN_BYTES)
                    .ok_or_else(|| Error::Host("memory for compiled code is used up (1 GiB)".to_string()))?;
                start
            }
        };
        // SAFETY: the part from `start` lies in the region and holds no published code, so nothing executes it; source
        // and destination are different memory.
        unsafe {
            std::ptr::copy_nonoverlapping(code.as_ptr(), self.writable.base().add(start), code.len());
        }
        if reused.is_some() {
            serialize();
        }
        Ok((self.executable.range().start + start) as u64)
    }

    /// Frees published code: its address and length.
    pub fn release(&mut self, address: u64, len: usize) {
        let Some(mut start) = (address as usize).checked_sub(self.executable.range().start) else {
            return;
        };
        let mut len = len.max(1).next_multiple_of(BLOCK_ALIGN);
        if let Some((&before, &before_len)) = self.free.range(..start).next_back()
            && before + before_len == start
        {
            self.free.remove(&before);
            (start, len) = (before, before_len + len);
        }
        if let Some(after_len) = self.free.remove(&(start + len)) {
            len += after_len;
        }
        self.free.insert(start, len);
    }

    /// The first free part that is long enough.
    fn take_free(&mut self, len: usize) -> Option<usize> {
        let (&start, &free) = self.free.iter().find(|&(_, &free)| free >= len)?;
        self.free.remove(&start);
        if free > len {
            self.free.insert(start + len, free - len);
        }
        Some(start)
    }

    /// Addresses of what is published so far.
    pub fn published(&self) -> Range<usize> {
        let start = self.executable.range().start;
        start..start + self.len
    }
}

/// Code was written through another address than it runs at, where other code was: the processor must forget what it
/// has fetched. Where no code ever was there is nothing to forget, and that saves more than the compiling of a small
/// function takes: on a virtual machine `cpuid` leaves it.
fn serialize() {
    #[cfg(target_arch = "x86_64")]
    std::arch::x86_64::__cpuid(0);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn released_code_makes_room() {
        let mut memory = CodeMemory::new().expect("code memory");
        let blocks = [40, 100, 64, 10].map(|len| memory.publish(&vec![0xc3; len]).expect("room"));
        let end = memory.published().end;
        // The first two, one after the other, become one part that a longer block fits.
        memory.release(blocks[1], 100);
        memory.release(blocks[0], 40);
        assert_eq!(memory.publish(&[0xc3; 192]).expect("room"), blocks[0]);
        assert_eq!(memory.published().end, end);
        // A part between two others is joined with both.
        memory.release(blocks[3], 10);
        memory.release(blocks[0], 192);
        memory.release(blocks[2], 64);
        assert_eq!(memory.free, BTreeMap::from([(0, end - memory.published().start)]));
        assert_eq!(memory.publish(&[0xc3; 33]).expect("room"), blocks[0]);
        assert_eq!(memory.publish(&[0xc3; 33]).expect("room"), blocks[0] + 64);
    }
}
