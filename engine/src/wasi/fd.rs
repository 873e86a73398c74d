//! The descriptor table, and the calls about an open descriptor that move no bytes.
//!
//! # Invariants
//! - A new descriptor gets the lowest free number; renumbering never makes a new one.
//! - Rights: a descriptor has what its kind can do, narrowed by the directory it was opened in and by
//!   `fd_fdstat_set_rights`; of what a guest asks for when opening, only reading and writing count. Rights never grow.
//! - The append flag is the host's own `O_APPEND`; "nonblock" is kept here, the host's files never block.
//!
//! Must not know: paths.

use super::abi::{self, FileType, Filestat, fdflags, flags16, fstflags, rights};
use super::ctx::WasiCtx;
use super::dir::Listing;
use super::errno::Errno;
use super::stdio::{Input, Output};
use super::{Args, Outcome};
use crate::runtime::host::GuestMemory;
use cap_fs_ext::FileTypeExt;
use cap_std::fs::{Dir, File, Metadata, MetadataExt as _};
use fs_set_times::{SetTimes, SystemTimeSpec};
use rustix::fs::{Advice, FallocateFlags, OFlags, fadvise, fallocate, fcntl_getfl, fcntl_setfl};
use std::num::NonZeroU64;
use std::time::{Duration, SystemTime};

/// An open descriptor.
#[derive(Debug)]
pub(super) struct Entry {
    pub object: Object,
    pub rights_base: u64,
    pub rights_inheriting: u64,
    pub flags: u16,
    /// A host file that can make its reader wait (a pipe, a device); the host's own descriptor does not block.
    pub waits: bool,
    /// The guest's name of a preopened directory.
    pub preopened_as: Option<Vec<u8>>,
}

/// What a descriptor stands for.
#[derive(Debug)]
pub(super) enum Object {
    Input(Input),
    Output(Output),
    File(File),
    Dir(Directory),
}

/// An open directory, with the listing that `fd_readdir` walks.
#[derive(Debug)]
pub(super) struct Directory {
    pub dir: Dir,
    pub listing: Option<Listing>,
}

impl Directory {
    pub fn new(dir: Dir) -> Directory {
        Directory { dir, listing: None }
    }
}

impl Entry {
    pub fn new(object: Object, rights_base: u64, rights_inheriting: u64) -> Entry {
        Entry {
            object,
            rights_base,
            rights_inheriting,
            flags: 0,
            waits: false,
            preopened_as: None,
        }
    }

    /// `Err(errno)` unless all of `rights` are there.
    pub fn require(&self, rights: u64, errno: Errno) -> Result<(), Errno> {
        if self.rights_base & rights == rights {
            Ok(())
        } else {
            Err(errno)
        }
    }

    fn file_type(&self) -> Result<FileType, Errno> {
        Ok(match &self.object {
            Object::Input(input) => input.file_type(),
            Object::Output(output) => output.file_type(),
            Object::File(file) => file_type_of(&file.metadata()?),
            Object::Dir(_) => FileType::Directory,
        })
    }

    /// The file, if it is one; directories and streams answer as given.
    pub fn file(&mut self, if_directory: Errno, if_stream: Errno) -> Result<&mut File, Errno> {
        match &mut self.object {
            Object::File(file) => Ok(file),
            Object::Dir(_) => Err(if_directory),
            Object::Input(_) | Object::Output(_) => Err(if_stream),
        }
    }

    /// The directory, if it is one that allows `rights`.
    pub fn directory(&self, rights: u64) -> Result<&Directory, Errno> {
        match &self.object {
            Object::Dir(directory) => {
                self.require(rights, Errno::NotCapable)?;
                Ok(directory)
            }
            _ => Err(Errno::NotDir),
        }
    }
}

/// All open descriptors.
#[derive(Debug)]
pub(super) struct FdTable {
    entries: Vec<Option<Entry>>,
}

impl FdTable {
    pub fn new() -> FdTable {
        FdTable { entries: Vec::new() }
    }

    pub fn get(&self, fd: u32) -> Result<&Entry, Errno> {
        self.entries
            .get(fd as usize)
            .and_then(Option::as_ref)
            .ok_or(Errno::Badf)
    }

    pub fn get_mut(&mut self, fd: u32) -> Result<&mut Entry, Errno> {
        self.entries
            .get_mut(fd as usize)
            .and_then(Option::as_mut)
            .ok_or(Errno::Badf)
    }

    /// Takes the lowest free number. The host's own limit of open files bounds the table.
    pub fn push(&mut self, entry: Entry) -> u32 {
        let fd = match self.entries.iter().position(Option::is_none) {
            Some(free) => free,
            None => {
                self.entries.push(None);
                self.entries.len().saturating_sub(1)
            }
        };
        if let Some(slot) = self.entries.get_mut(fd) {
            *slot = Some(entry);
        }
        u32::try_from(fd).unwrap_or(u32::MAX)
    }

    fn take(&mut self, fd: u32) -> Result<Entry, Errno> {
        self.entries
            .get_mut(fd as usize)
            .and_then(Option::take)
            .ok_or(Errno::Badf)
    }

    fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.get(from)?;
        self.get(to)?;
        if from != to {
            let mut entry = self.take(from)?;
            entry.preopened_as = None;
            *self.get_mut(to)? = entry;
        }
        Ok(())
    }
}

/// A file's type.
pub(super) fn file_type_of(metadata: &Metadata) -> FileType {
    file_type_of_host(metadata.file_type())
}

/// A type of the host's, as the guest's. Pipes have none there.
pub(super) fn file_type_of_host(file_type: cap_std::fs::FileType) -> FileType {
    if file_type.is_file() {
        FileType::RegularFile
    } else if file_type.is_dir() {
        FileType::Directory
    } else if file_type.is_symlink() {
        FileType::SymbolicLink
    } else if FileTypeExt::is_char_device(&file_type) {
        FileType::CharacterDevice
    } else if FileTypeExt::is_block_device(&file_type) {
        FileType::BlockDevice
    } else if FileTypeExt::is_socket(&file_type) {
        FileType::SocketStream
    } else {
        FileType::Unknown
    }
}

/// A host file's record.
pub(super) fn filestat_of(metadata: &Metadata) -> Filestat {
    Filestat {
        device: cap_fs_ext::MetadataExt::dev(metadata),
        inode: cap_fs_ext::MetadataExt::ino(metadata),
        file_type: file_type_of(metadata),
        links: cap_fs_ext::MetadataExt::nlink(metadata),
        size: metadata.len(),
        access_ns: nanos(metadata.atime(), metadata.atime_nsec()),
        modification_ns: nanos(metadata.mtime(), metadata.mtime_nsec()),
        change_ns: nanos(metadata.ctime(), metadata.ctime_nsec()),
    }
}

/// Nanoseconds since 1970; times before that are 0, the earliest the ABI can say.
fn nanos(seconds: i64, nanoseconds: i64) -> u64 {
    let total = i128::from(seconds)
        .saturating_mul(1_000_000_000)
        .saturating_add(i128::from(nanoseconds));
    u64::try_from(total.max(0)).unwrap_or(u64::MAX)
}

/// Access and modification time to set, from `fstflags`; `None` leaves one as it is.
pub(super) fn times_to_set(
    access_ns: u64,
    modification_ns: u64,
    flags: u32,
) -> Result<(Option<SystemTimeSpec>, Option<SystemTimeSpec>), Errno> {
    let flags = flags16(flags, fstflags::ALL)?;
    let one = |given: u16, now: u16, ns: u64| match (flags & given != 0, flags & now != 0) {
        (true, true) => Err(Errno::Inval),
        (false, true) => Ok(Some(SystemTimeSpec::SymbolicNow)),
        (true, false) => SystemTime::UNIX_EPOCH
            .checked_add(Duration::from_nanos(ns))
            .map(|time| Some(SystemTimeSpec::Absolute(time)))
            .ok_or(Errno::Overflow),
        (false, false) => Ok(None),
    };
    Ok((
        one(fstflags::ATIM, fstflags::ATIM_NOW, access_ns)?,
        one(fstflags::MTIM, fstflags::MTIM_NOW, modification_ns)?,
    ))
}

/// `fd_advise(fd, offset, len, advice)`
pub(super) fn fd_advise(ctx: &mut WasiCtx, _: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let entry = ctx.fds.get_mut(args.u32(0))?;
    let advice = match args.u32(3) {
        0 => Advice::Normal,
        1 => Advice::Sequential,
        2 => Advice::Random,
        3 => Advice::WillNeed,
        4 => Advice::DontNeed,
        5 => Advice::NoReuse,
        _ => return Err(Errno::Inval.into()),
    };
    let (offset, len) = (args.u64(1), args.u64(2));
    if i64::try_from(offset).is_err() || i64::try_from(len).is_err() {
        return Err(Errno::Inval.into());
    }
    match &entry.object {
        Object::Dir(_) => Ok(()),
        Object::File(file) => Ok(fadvise(file, offset, NonZeroU64::new(len), advice).map_err(Errno::from)?),
        Object::Input(_) | Object::Output(_) => Err(Errno::Spipe.into()),
    }
}

/// `fd_allocate(fd, offset, len)`
pub(super) fn fd_allocate(ctx: &mut WasiCtx, _: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let entry = ctx.fds.get_mut(args.u32(0))?;
    let writable = entry.require(rights::FD_ALLOCATE, Errno::Badf);
    let file = entry.file(Errno::Badf, Errno::Spipe)?;
    writable?;
    Ok(fallocate(&*file, FallocateFlags::empty(), args.u64(1), args.u64(2)).map_err(Errno::from)?)
}

/// `fd_close(fd)`
pub(super) fn fd_close(ctx: &mut WasiCtx, _: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    ctx.fds.take(args.u32(0))?;
    Ok(())
}

/// `fd_datasync(fd)`
pub(super) fn fd_datasync(ctx: &mut WasiCtx, _: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    match &ctx.fds.get(args.u32(0))?.object {
        Object::File(file) => Ok(file.sync_data()?),
        Object::Dir(directory) => Ok(rustix::fs::fdatasync(&directory.dir).map_err(Errno::from)?),
        Object::Input(_) | Object::Output(_) => Err(Errno::Inval.into()),
    }
}

/// `fd_sync(fd)`
pub(super) fn fd_sync(ctx: &mut WasiCtx, _: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    match &ctx.fds.get(args.u32(0))?.object {
        Object::File(file) => Ok(file.sync_all()?),
        Object::Dir(directory) => Ok(rustix::fs::fsync(&directory.dir).map_err(Errno::from)?),
        Object::Input(_) | Object::Output(_) => Err(Errno::Inval.into()),
    }
}

/// `fd_fdstat_get(fd, stat*)`
pub(super) fn fd_fdstat_get(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let entry = ctx.fds.get(args.u32(0))?;
    let stat = abi::fdstat_bytes(
        entry.file_type()?,
        entry.flags,
        entry.rights_base,
        entry.rights_inheriting,
    );
    Ok(abi::write(memory, args.u32(1), &stat)?)
}

/// `fd_fdstat_set_flags(fd, flags)`
pub(super) fn fd_fdstat_set_flags(ctx: &mut WasiCtx, _: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let entry = ctx.fds.get_mut(args.u32(0))?;
    let flags = flags16(args.u32(1), fdflags::ALL)?;
    let changed = flags ^ entry.flags;
    // As on POSIX hosts, how writes are synchronized is settled when the file is opened.
    if changed & (fdflags::SYNC | fdflags::DSYNC | fdflags::RSYNC) != 0 {
        return Err(Errno::NotSup.into());
    }
    if changed & fdflags::APPEND != 0
        && let Object::File(file) = &entry.object
    {
        set_append(file, flags & fdflags::APPEND != 0)?;
    }
    entry.flags = flags;
    Ok(())
}

/// Sets the host's append flag.
pub(super) fn set_append(file: &File, append: bool) -> Result<(), Errno> {
    let mut flags = fcntl_getfl(file)?;
    flags.set(OFlags::APPEND, append);
    Ok(fcntl_setfl(file, flags)?)
}

/// `fd_fdstat_set_rights(fd, base, inheriting)`
pub(super) fn fd_fdstat_set_rights(ctx: &mut WasiCtx, _: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let entry = ctx.fds.get_mut(args.u32(0))?;
    let (base, inheriting) = (args.u64(1), args.u64(2));
    if base & !entry.rights_base != 0 || inheriting & !entry.rights_inheriting != 0 {
        return Err(Errno::NotCapable.into());
    }
    entry.rights_base = base;
    entry.rights_inheriting = inheriting;
    Ok(())
}

/// `fd_filestat_get(fd, stat*)`
pub(super) fn fd_filestat_get(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let entry = ctx.fds.get(args.u32(0))?;
    let stat = match &entry.object {
        Object::File(file) => filestat_of(&file.metadata()?),
        Object::Dir(directory) => filestat_of(&directory.dir.dir_metadata()?),
        Object::Input(_) | Object::Output(_) => Filestat::of_stream(entry.file_type()?),
    };
    Ok(abi::write(memory, args.u32(1), &stat.bytes())?)
}

/// `fd_filestat_set_size(fd, size)`
pub(super) fn fd_filestat_set_size(ctx: &mut WasiCtx, _: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let entry = ctx.fds.get_mut(args.u32(0))?;
    // POSIX wants "invalid" here where a write would say "bad descriptor".
    let writable = entry.require(rights::FD_FILESTAT_SET_SIZE, Errno::Inval);
    let file = entry.file(Errno::Inval, Errno::Inval)?;
    writable?;
    let size = args.u64(1);
    if i64::try_from(size).is_err() {
        return Err(Errno::Inval.into());
    }
    Ok(file.set_len(size)?)
}

/// `fd_filestat_set_times(fd, atim, mtim, flags)`
pub(super) fn fd_filestat_set_times(ctx: &mut WasiCtx, _: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let entry = ctx.fds.get(args.u32(0))?;
    let (access, modification) = times_to_set(args.u64(1), args.u64(2), args.u32(3))?;
    match &entry.object {
        Object::File(file) => {
            entry.require(rights::FD_FILESTAT_SET_TIMES, Errno::NotCapable)?;
            Ok(file.set_times(access, modification)?)
        }
        Object::Dir(directory) => {
            entry.require(rights::FD_FILESTAT_SET_TIMES, Errno::NotCapable)?;
            Ok(directory.dir.set_times(access, modification)?)
        }
        Object::Input(_) | Object::Output(_) => Err(Errno::Inval.into()),
    }
}

/// `fd_renumber(from, to)`
pub(super) fn fd_renumber(ctx: &mut WasiCtx, _: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    Ok(ctx.fds.renumber(args.u32(0), args.u32(1))?)
}

/// `sock_accept`, `sock_recv`, `sock_send`, `sock_shutdown`: there are no sockets.
pub(super) fn not_a_socket(ctx: &mut WasiCtx, _: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    ctx.fds.get(args.u32(0))?;
    Err(Errno::NotSock.into())
}
