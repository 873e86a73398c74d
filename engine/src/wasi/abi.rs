//! Records and constants of WASI preview 1 as they lie in guest memory.
//!
//! # Invariants
//! - Layouts are the witx file's: little endian, naturally aligned. Nothing else in this folder knows an offset.
//! - Guest addresses are data: every read and write is bounds-checked and answers `Errno::Fault`.
//! - What a guest can make the host allocate is bounded here ([`MAX_IOVECS`], [`MAX_PATH_LEN_BYTES`], ...).
//!
//! Must not know: files, clocks or any other host object.

use super::errno::Errno;
use crate::runtime::host::GuestMemory;
use smallvec::SmallVec;

/// Most entries of an iovec array, as POSIX hosts have it.
pub(super) const MAX_IOVECS: u32 = 1024;
/// Most bytes one read or write moves; more is a short count, so that a call stays interruptible.
pub(super) const MAX_TRANSFER_LEN_BYTES: u32 = 16 << 20;
/// Longest path or symlink content.
pub(super) const MAX_PATH_LEN_BYTES: u32 = 4096;
/// Most subscriptions of one `poll_oneoff`.
pub(super) const MAX_SUBSCRIPTIONS: u32 = 16 << 10;

/// `rights`: what a descriptor allows.
pub(super) mod rights {
    pub const FD_DATASYNC: u64 = 1 << 0;
    pub const FD_READ: u64 = 1 << 1;
    pub const FD_SEEK: u64 = 1 << 2;
    pub const FD_FDSTAT_SET_FLAGS: u64 = 1 << 3;
    pub const FD_SYNC: u64 = 1 << 4;
    pub const FD_TELL: u64 = 1 << 5;
    pub const FD_WRITE: u64 = 1 << 6;
    pub const FD_ADVISE: u64 = 1 << 7;
    pub const FD_ALLOCATE: u64 = 1 << 8;
    pub const PATH_CREATE_DIRECTORY: u64 = 1 << 9;
    pub const PATH_CREATE_FILE: u64 = 1 << 10;
    pub const PATH_LINK_SOURCE: u64 = 1 << 11;
    pub const PATH_LINK_TARGET: u64 = 1 << 12;
    pub const PATH_OPEN: u64 = 1 << 13;
    pub const FD_READDIR: u64 = 1 << 14;
    pub const PATH_READLINK: u64 = 1 << 15;
    pub const PATH_RENAME_SOURCE: u64 = 1 << 16;
    pub const PATH_RENAME_TARGET: u64 = 1 << 17;
    pub const PATH_FILESTAT_GET: u64 = 1 << 18;
    pub const PATH_FILESTAT_SET_SIZE: u64 = 1 << 19;
    pub const PATH_FILESTAT_SET_TIMES: u64 = 1 << 20;
    pub const FD_FILESTAT_GET: u64 = 1 << 21;
    pub const FD_FILESTAT_SET_SIZE: u64 = 1 << 22;
    pub const FD_FILESTAT_SET_TIMES: u64 = 1 << 23;
    pub const PATH_SYMLINK: u64 = 1 << 24;
    pub const PATH_REMOVE_DIRECTORY: u64 = 1 << 25;
    pub const PATH_UNLINK_FILE: u64 = 1 << 26;
    pub const POLL_FD_READWRITE: u64 = 1 << 27;

    /// What changes a file's bytes.
    pub const FILE_WRITING: u64 = FD_WRITE | FD_ALLOCATE | FD_FILESTAT_SET_SIZE;
    /// What changes anything at all, of a file or in a directory.
    pub const CHANGING: u64 = FILE_WRITING
        | FD_FILESTAT_SET_TIMES
        | PATH_CREATE_DIRECTORY
        | PATH_CREATE_FILE
        | PATH_LINK_SOURCE
        | PATH_LINK_TARGET
        | PATH_RENAME_SOURCE
        | PATH_RENAME_TARGET
        | PATH_FILESTAT_SET_SIZE
        | PATH_FILESTAT_SET_TIMES
        | PATH_SYMLINK
        | PATH_REMOVE_DIRECTORY
        | PATH_UNLINK_FILE;
    /// All that an open file can allow.
    pub const FILE: u64 = FILE_WRITING
        | FD_READ
        | FD_DATASYNC
        | FD_SEEK
        | FD_FDSTAT_SET_FLAGS
        | FD_SYNC
        | FD_TELL
        | FD_ADVISE
        | FD_FILESTAT_GET
        | FD_FILESTAT_SET_TIMES
        | POLL_FD_READWRITE;
    /// All that an open directory can allow.
    pub const DIRECTORY: u64 = FD_FDSTAT_SET_FLAGS
        | FD_SYNC
        | FD_DATASYNC
        | FD_ADVISE
        | PATH_CREATE_DIRECTORY
        | PATH_CREATE_FILE
        | PATH_LINK_SOURCE
        | PATH_LINK_TARGET
        | PATH_OPEN
        | FD_READDIR
        | PATH_READLINK
        | PATH_RENAME_SOURCE
        | PATH_RENAME_TARGET
        | PATH_FILESTAT_GET
        | PATH_FILESTAT_SET_SIZE
        | PATH_FILESTAT_SET_TIMES
        | FD_FILESTAT_GET
        | FD_FILESTAT_SET_TIMES
        | PATH_SYMLINK
        | PATH_REMOVE_DIRECTORY
        | PATH_UNLINK_FILE
        | POLL_FD_READWRITE;
    /// Standard input. No seek and no tell: that is how C libraries know a terminal.
    pub const STDIN: u64 = FD_READ | FD_FDSTAT_SET_FLAGS | FD_FILESTAT_GET | POLL_FD_READWRITE;
    /// Standard output and error.
    pub const STDOUT: u64 = FD_WRITE | FD_FDSTAT_SET_FLAGS | FD_FILESTAT_GET | POLL_FD_READWRITE;
}

/// `fdflags`.
pub(super) mod fdflags {
    pub const APPEND: u16 = 1 << 0;
    pub const DSYNC: u16 = 1 << 1;
    pub const NONBLOCK: u16 = 1 << 2;
    pub const RSYNC: u16 = 1 << 3;
    pub const SYNC: u16 = 1 << 4;
    pub const ALL: u16 = APPEND | DSYNC | NONBLOCK | RSYNC | SYNC;
}

/// `oflags`.
pub(super) mod oflags {
    pub const CREAT: u16 = 1 << 0;
    pub const DIRECTORY: u16 = 1 << 1;
    pub const EXCL: u16 = 1 << 2;
    pub const TRUNC: u16 = 1 << 3;
    pub const ALL: u16 = CREAT | DIRECTORY | EXCL | TRUNC;
}

/// `lookupflags`.
pub(super) mod lookupflags {
    pub const SYMLINK_FOLLOW: u32 = 1 << 0;
    pub const ALL: u32 = SYMLINK_FOLLOW;
}

/// `fstflags`.
pub(super) mod fstflags {
    pub const ATIM: u16 = 1 << 0;
    pub const ATIM_NOW: u16 = 1 << 1;
    pub const MTIM: u16 = 1 << 2;
    pub const MTIM_NOW: u16 = 1 << 3;
    pub const ALL: u16 = ATIM | ATIM_NOW | MTIM | MTIM_NOW;
}

/// Narrows flags that the ABI passes as `i32`; unknown bits are an error.
pub(super) fn flags16(raw: u32, all: u16) -> Result<u16, Errno> {
    u16::try_from(raw)
        .ok()
        .filter(|flags| flags & !all == 0)
        .ok_or(Errno::Inval)
}

/// `filetype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum FileType {
    Unknown = 0,
    BlockDevice = 1,
    CharacterDevice = 2,
    Directory = 3,
    RegularFile = 4,
    SocketStream = 6,
    SymbolicLink = 7,
}

/// `filestat`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filestat {
    pub device: u64,
    pub inode: u64,
    pub file_type: FileType,
    pub links: u64,
    pub size: u64,
    pub access_ns: u64,
    pub modification_ns: u64,
    pub change_ns: u64,
}

/// Builds a record field by field, at the offsets of the witx file.
struct Record<const N: usize>([u8; N]);

impl<const N: usize> Record<N> {
    fn new() -> Record<N> {
        Record([0; N])
    }

    fn put<const M: usize>(mut self, offset: usize, bytes: [u8; M]) -> Record<N> {
        for (to, from) in self.0.iter_mut().skip(offset).zip(bytes) {
            *to = from;
        }
        self
    }
}

impl Filestat {
    /// A stream: nothing is known but its type.
    pub fn of_stream(file_type: FileType) -> Filestat {
        Filestat {
            device: 0,
            inode: 0,
            file_type,
            links: 0,
            size: 0,
            access_ns: 0,
            modification_ns: 0,
            change_ns: 0,
        }
    }

    pub fn bytes(&self) -> [u8; 64] {
        Record::<64>::new()
            .put(0, self.device.to_le_bytes())
            .put(8, self.inode.to_le_bytes())
            .put(16, [self.file_type as u8])
            .put(24, self.links.to_le_bytes())
            .put(32, self.size.to_le_bytes())
            .put(40, self.access_ns.to_le_bytes())
            .put(48, self.modification_ns.to_le_bytes())
            .put(56, self.change_ns.to_le_bytes())
            .0
    }
}

/// `fdstat`.
pub(super) fn fdstat_bytes(file_type: FileType, flags: u16, base: u64, inheriting: u64) -> [u8; 24] {
    Record::<24>::new()
        .put(0, [file_type as u8])
        .put(2, flags.to_le_bytes())
        .put(8, base.to_le_bytes())
        .put(16, inheriting.to_le_bytes())
        .0
}

/// `prestat` of a directory (tag 0).
pub(super) fn prestat_bytes(name_len_bytes: u32) -> [u8; 8] {
    Record::<8>::new().put(4, name_len_bytes.to_le_bytes()).0
}

/// `dirent`, the header before a name.
pub(super) fn dirent_bytes(next_cookie: u64, inode: u64, name_len: u32, file_type: FileType) -> [u8; 24] {
    Record::<24>::new()
        .put(0, next_cookie.to_le_bytes())
        .put(8, inode.to_le_bytes())
        .put(16, name_len.to_le_bytes())
        .put(20, [file_type as u8])
        .0
}

/// Size of `event`.
pub(super) const EVENT_LEN_BYTES: u32 = 32;
/// Size of `subscription`.
pub(super) const SUBSCRIPTION_LEN_BYTES: u32 = 48;

/// `eventtype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum EventType {
    Clock = 0,
    FdRead = 1,
    FdWrite = 2,
}

/// `event`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub userdata: u64,
    pub errno: Errno,
    pub event_type: EventType,
    pub available_len_bytes: u64,
    pub hangup: bool,
}

impl Event {
    pub fn bytes(&self) -> [u8; EVENT_LEN_BYTES as usize] {
        Record::new()
            .put(0, self.userdata.to_le_bytes())
            .put(8, self.errno.number().to_le_bytes())
            .put(10, [self.event_type as u8])
            .put(16, self.available_len_bytes.to_le_bytes())
            .put(24, u16::from(self.hangup).to_le_bytes())
            .0
    }
}

/// `subscription`: what to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subscription {
    pub userdata: u64,
    pub what: Awaited,
}

/// The union in a `subscription`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    Clock {
        clock: u32,
        timeout_ns: u64,
        absolute: bool,
    },
    FdRead {
        fd: u32,
    },
    FdWrite {
        fd: u32,
    },
}

impl Awaited {
    pub fn event_type(self) -> EventType {
        match self {
            Awaited::Clock { .. } => EventType::Clock,
            Awaited::FdRead { .. } => EventType::FdRead,
            Awaited::FdWrite { .. } => EventType::FdWrite,
        }
    }
}

/// Reads the subscription at `address`: a tag at 8, and the union at 16, its own offset within the tagged union
/// being 8 because it holds 64-bit fields.
pub(super) fn read_subscription(memory: &GuestMemory<'_>, address: u32) -> Result<Subscription, Errno> {
    let at = |offset: u32| address.checked_add(offset).ok_or(Errno::Fault);
    memory.read(address, SUBSCRIPTION_LEN_BYTES).ok_or(Errno::Fault)?;
    let userdata = read_u64(memory, address)?;
    let tag = read_u32(memory, at(8)?)? & 0xff;
    let first = read_u32(memory, at(16)?)?;
    let what = match tag {
        0 => {
            let flags = read_u32(memory, at(40)?)? & 0xffff;
            if flags > 1 {
                return Err(Errno::Inval);
            }
            Awaited::Clock {
                clock: first,
                timeout_ns: read_u64(memory, at(24)?)?,
                absolute: flags == 1,
            }
        }
        1 => Awaited::FdRead { fd: first },
        2 => Awaited::FdWrite { fd: first },
        _ => return Err(Errno::Inval),
    };
    Ok(Subscription { userdata, what })
}

/// A `u32` of guest memory.
pub(super) fn read_u32(memory: &GuestMemory<'_>, address: u32) -> Result<u32, Errno> {
    memory.read_u32(address).ok_or(Errno::Fault)
}

/// A `u64` of guest memory.
pub(super) fn read_u64(memory: &GuestMemory<'_>, address: u32) -> Result<u64, Errno> {
    memory.read_u64(address).ok_or(Errno::Fault)
}

/// Writes `bytes`.
pub(super) fn write(memory: &mut GuestMemory<'_>, address: u32, bytes: &[u8]) -> Result<(), Errno> {
    memory.write_all(address, bytes).ok_or(Errno::Fault)
}

/// Checks that a result will fit, before a call does anything that cannot be undone.
pub(super) fn check_writable(memory: &GuestMemory<'_>, address: u32, len_bytes: u32) -> Result<(), Errno> {
    memory.read(address, len_bytes).map(|_| ()).ok_or(Errno::Fault)
}

/// A piece of guest memory named by an iovec, inside memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Buffer {
    pub address: u32,
    pub len_bytes: u32,
}

/// The buffers of one transfer.
pub(super) type Buffers = SmallVec<[Buffer; 8]>;

/// Reads an iovec array. Empty buffers are left out (their address is not looked at), all others are inside memory,
/// and together they are at most [`MAX_TRANSFER_LEN_BYTES`] long: what is beyond is cut off.
pub(super) fn read_iovecs(memory: &GuestMemory<'_>, address: u32, count: u32) -> Result<Buffers, Errno> {
    if count > MAX_IOVECS {
        return Err(Errno::Inval);
    }
    let mut room_len_bytes = MAX_TRANSFER_LEN_BYTES;
    let mut buffers = Buffers::new();
    let mut total_len_bytes = 0u32;
    for index in 0..count {
        let at = index
            .checked_mul(8)
            .and_then(|offset| address.checked_add(offset))
            .ok_or(Errno::Fault)?;
        let buffer_address = read_u32(memory, at)?;
        let len_bytes = read_u32(memory, at.checked_add(4).ok_or(Errno::Fault)?)?;
        // The total is a u32 result in the end, so more cannot be meant.
        total_len_bytes = total_len_bytes.checked_add(len_bytes).ok_or(Errno::Inval)?;
        if len_bytes == 0 {
            continue;
        }
        check_writable(memory, buffer_address, len_bytes)?;
        let len_bytes = len_bytes.min(room_len_bytes);
        room_len_bytes = room_len_bytes.saturating_sub(len_bytes);
        if len_bytes > 0 {
            buffers.push(Buffer {
                address: buffer_address,
                len_bytes,
            });
        }
    }
    Ok(buffers)
}

/// Copies the bytes of a path or symlink content out of guest memory.
pub(super) fn read_path_bytes(memory: &GuestMemory<'_>, address: u32, len: u32) -> Result<Vec<u8>, Errno> {
    if len > MAX_PATH_LEN_BYTES {
        return Err(Errno::NameTooLong);
    }
    let bytes = memory.read(address, len).ok_or(Errno::Fault)?;
    if bytes.contains(&0) {
        return Err(Errno::Ilseq);
    }
    Ok(bytes.to_vec())
}
