//! Calls that take a path, relative to an open directory.
//!
//! # Invariants
//! - Every path is resolved by cap-std inside the directory of its descriptor: no `..`, absolute path or symbolic
//!   link leads out. A symbolic link's content is not looked at when it is made, but must not be absolute.
//! - Trailing slashes never reach cap-std: they are cut off and become "must be a directory" here, so that "do not
//!   follow" cannot be weakened by them.
//! - Opening never blocks (a pipe without a writer): waiting belongs to reading, where it can be interrupted.
//!
//! Must not know: how bytes of an open file are moved.

use super::abi::{self, FileType, fdflags, flags16, lookupflags, oflags, rights};
use super::ctx::WasiCtx;
use super::errno::Errno;
use super::fd::{Directory, Entry, Object, file_type_of, filestat_of, set_append, times_to_set};
use super::{Args, Outcome};
use crate::runtime::host::GuestMemory;
use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt, OpenOptionsMaybeDirExt, SystemTimeSpec};
use cap_std::fs::{Dir, Metadata, OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// A path from the guest, without its trailing slashes.
struct GuestPath {
    path: PathBuf,
    /// It had some: it means a directory.
    directory: bool,
}

impl GuestPath {
    fn read(memory: &GuestMemory<'_>, address: u32, len: u32) -> Result<GuestPath, Errno> {
        let mut bytes = abi::read_path_bytes(memory, address, len)?;
        let full_len = bytes.len();
        while bytes.len() > 1 && bytes.last() == Some(&b'/') {
            bytes.pop();
        }
        let directory = bytes.len() < full_len;
        Ok(GuestPath {
            path: PathBuf::from(OsString::from_vec(bytes)),
            directory,
        })
    }

    /// What the path names; a link is not followed, unless the path says that it means a directory.
    fn metadata(&self, dir: &Dir, follow: bool) -> Result<Metadata, Errno> {
        let metadata = if follow || self.directory {
            dir.metadata(&self.path)
        } else {
            dir.symlink_metadata(&self.path)
        }?;
        if self.directory && !metadata.is_dir() {
            return Err(Errno::NotDir);
        }
        Ok(metadata)
    }

    /// For calls that make something which is not a directory: a trailing slash can only be wrong.
    fn refuse_directory_name(&self, dir: &Dir) -> Result<(), Errno> {
        if !self.directory {
            return Ok(());
        }
        match dir.symlink_metadata(&self.path) {
            Ok(_) => Err(Errno::Exist),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether `lookupflags` say to follow a link.
fn follows(flags: u32) -> Result<bool, Errno> {
    if flags & !lookupflags::ALL != 0 {
        return Err(Errno::Inval);
    }
    Ok(flags & lookupflags::SYMLINK_FOLLOW != 0)
}

/// `path_create_directory(fd, path*, path_len)`
pub(super) fn path_create_directory(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    args: &Args<'_>,
) -> Outcome {
    let path = GuestPath::read(memory, args.u32(1), args.u32(2))?;
    let directory = ctx
        .fds
        .get(args.u32(0))?
        .directory(rights::PATH_CREATE_DIRECTORY)?;
    Ok(directory.dir.create_dir(&path.path)?)
}

/// `path_filestat_get(fd, flags, path*, path_len, filestat*)`
pub(super) fn path_filestat_get(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let follow = follows(args.u32(1))?;
    let path = GuestPath::read(memory, args.u32(2), args.u32(3))?;
    let directory = ctx.fds.get(args.u32(0))?.directory(rights::PATH_FILESTAT_GET)?;
    let stat = filestat_of(&path.metadata(&directory.dir, follow)?);
    Ok(abi::write(memory, args.u32(4), &stat.bytes())?)
}

/// `path_filestat_set_times(fd, flags, path*, path_len, atim, mtim, fst_flags)`
pub(super) fn path_filestat_set_times(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    args: &Args<'_>,
) -> Outcome {
    let follow = follows(args.u32(1))?;
    let path = GuestPath::read(memory, args.u32(2), args.u32(3))?;
    let directory = ctx
        .fds
        .get(args.u32(0))?
        .directory(rights::PATH_FILESTAT_SET_TIMES)?;
    let (access, modification) = times_to_set(args.u64(4), args.u64(5), args.u32(6))?;
    let access = access.map(SystemTimeSpec::from_std);
    let modification = modification.map(SystemTimeSpec::from_std);
    if path.directory {
        path.metadata(&directory.dir, true)?;
    }
    if follow || path.directory {
        DirExt::set_times(&directory.dir, &path.path, access, modification)?;
    } else {
        directory
            .dir
            .set_symlink_times(&path.path, access, modification)?;
    }
    Ok(())
}

/// `path_link(old_fd, old_flags, old_path*, old_path_len, new_fd, new_path*, new_path_len)`
pub(super) fn path_link(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    // A link to what a symbolic link names could only be made by resolving it first.
    if follows(args.u32(1))? {
        return Err(Errno::Inval.into());
    }
    let old = GuestPath::read(memory, args.u32(2), args.u32(3))?;
    let new = GuestPath::read(memory, args.u32(5), args.u32(6))?;
    let from = ctx.fds.get(args.u32(0))?.directory(rights::PATH_LINK_SOURCE)?;
    let to = ctx.fds.get(args.u32(4))?.directory(rights::PATH_LINK_TARGET)?;
    if old.directory {
        old.metadata(&from.dir, true)?;
    }
    new.refuse_directory_name(&to.dir)?;
    Ok(from.dir.hard_link(&old.path, &to.dir, &new.path)?)
}

/// `path_open(fd, dirflags, path*, path_len, oflags, rights_base, rights_inheriting, fdflags, fd*)`
pub(super) fn path_open(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let wish = OpenWish {
        follow: follows(args.u32(1))?,
        oflags: flags16(args.u32(4), oflags::ALL)?,
        rights_base: args.u64(5),
        fdflags: flags16(args.u32(7), fdflags::ALL)?,
    };
    let path = GuestPath::read(memory, args.u32(2), args.u32(3))?;
    let result = args.u32(8);
    abi::check_writable(memory, result, 4)?;
    let entry = open(ctx.fds.get(args.u32(0))?, &path, &wish)?;
    let fd = ctx.fds.push(entry);
    Ok(abi::write(memory, result, &fd.to_le_bytes())?)
}

struct OpenWish {
    follow: bool,
    oflags: u16,
    rights_base: u64,
    fdflags: u16,
}

impl OpenWish {
    fn has(&self, oflag: u16) -> bool {
        self.oflags & oflag != 0
    }
}

fn open(parent: &Entry, path: &GuestPath, wish: &OpenWish) -> Result<Entry, Errno> {
    let dir = &parent.directory(rights::PATH_OPEN)?.dir;
    let only_directory = wish.has(oflags::DIRECTORY) || path.directory;
    let creates = wish.has(oflags::CREAT);
    let truncates = wish.has(oflags::TRUNC);
    if wish.has(oflags::DIRECTORY) && (creates || truncates || wish.has(oflags::EXCL)) {
        return Err(Errno::Inval);
    }
    if path.directory && creates {
        return Err(Errno::IsDir);
    }
    if creates {
        parent.require(rights::PATH_CREATE_FILE, Errno::NotCapable)?;
    }
    if truncates {
        parent.require(rights::PATH_FILESTAT_SET_SIZE, Errno::NotCapable)?;
    }
    let reads = wish.rights_base & rights::FD_READ != 0;
    let writes = wish.rights_base & rights::FD_WRITE != 0;
    if writes && parent.rights_inheriting & rights::FD_WRITE == 0 {
        return Err(Errno::NotCapable);
    }

    let mut custom = OFlags::NONBLOCK | OFlags::NOCTTY;
    custom.set(OFlags::DIRECTORY, only_directory);
    custom.set(OFlags::SYNC, wish.fdflags & fdflags::SYNC != 0);
    custom.set(
        OFlags::DSYNC,
        wish.fdflags & (fdflags::DSYNC | fdflags::RSYNC) != 0,
    );
    let mut options = OpenOptions::new();
    options
        // The host wants one of the two, and writing to create or truncate.
        .write(writes || creates || truncates)
        .read(reads || !(writes || creates || truncates))
        .create(creates)
        .create_new(creates && wish.has(oflags::EXCL))
        .truncate(truncates)
        .maybe_dir(true)
        .follow(if wish.follow || path.directory {
            FollowSymlinks::Yes
        } else {
            FollowSymlinks::No
        })
        .custom_flags(i32::try_from(custom.bits()).map_err(|_| Errno::NotSup)?);
    let file = dir.open_with(&path.path, &options)?;

    let metadata = file.metadata()?;
    let mut entry = if metadata.is_dir() {
        let directory = Directory::new(Dir::from_std_file(file.into_std()));
        Entry::new(
            Object::Dir(directory),
            rights::DIRECTORY & parent.rights_base,
            parent.rights_inheriting,
        )
    } else {
        if wish.fdflags & fdflags::APPEND != 0 {
            set_append(&file, true)?;
        }
        let mut denied = 0;
        if !reads {
            denied |= rights::FD_READ;
        }
        if !writes {
            denied |= rights::FILE_WRITING;
        }
        let mut entry = Entry::new(
            Object::File(file),
            rights::FILE & parent.rights_inheriting & !denied,
            0,
        );
        entry.waits = file_type_of(&metadata) != FileType::RegularFile;
        entry
    };
    entry.flags = wish.fdflags;
    Ok(entry)
}

/// `path_readlink(fd, path*, path_len, buf*, buf_len, bufused*)`. A content longer than the buffer is cut off.
pub(super) fn path_readlink(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let path = GuestPath::read(memory, args.u32(1), args.u32(2))?;
    let directory = ctx.fds.get(args.u32(0))?.directory(rights::PATH_READLINK)?;
    let (buffer, room_len_bytes, result) = (args.u32(3), args.u32(4), args.u32(5));
    if path.directory {
        path.metadata(&directory.dir, true)?;
        return Err(Errno::Inval.into());
    }
    abi::check_writable(memory, buffer, room_len_bytes)?;
    let content = directory.dir.read_link(&path.path)?;
    let content = content.as_os_str().as_bytes();
    let fits = content.get(..room_len_bytes as usize).unwrap_or(content);
    abi::write(memory, buffer, fits)?;
    let used_len_bytes = u32::try_from(fits.len()).map_err(|_| Errno::Overflow)?;
    Ok(abi::write(memory, result, &used_len_bytes.to_le_bytes())?)
}

/// `path_remove_directory(fd, path*, path_len)`
pub(super) fn path_remove_directory(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    args: &Args<'_>,
) -> Outcome {
    let path = GuestPath::read(memory, args.u32(1), args.u32(2))?;
    let directory = ctx
        .fds
        .get(args.u32(0))?
        .directory(rights::PATH_REMOVE_DIRECTORY)?;
    Ok(directory.dir.remove_dir(&path.path)?)
}

/// `path_rename(old_fd, old_path*, old_path_len, new_fd, new_path*, new_path_len)`
pub(super) fn path_rename(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let old = GuestPath::read(memory, args.u32(1), args.u32(2))?;
    let new = GuestPath::read(memory, args.u32(4), args.u32(5))?;
    let from = ctx.fds.get(args.u32(0))?.directory(rights::PATH_RENAME_SOURCE)?;
    let to = ctx.fds.get(args.u32(3))?.directory(rights::PATH_RENAME_TARGET)?;
    if (old.directory || new.directory) && !from.dir.symlink_metadata(&old.path)?.is_dir() {
        return Err(Errno::NotDir.into());
    }
    Ok(from.dir.rename(&old.path, &to.dir, &new.path)?)
}

/// `path_symlink(old_path*, old_path_len, fd, new_path*, new_path_len)`
pub(super) fn path_symlink(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let content = abi::read_path_bytes(memory, args.u32(0), args.u32(1))?;
    let new = GuestPath::read(memory, args.u32(3), args.u32(4))?;
    let directory = ctx.fds.get(args.u32(2))?.directory(rights::PATH_SYMLINK)?;
    new.refuse_directory_name(&directory.dir)?;
    // cap-std refuses an absolute content: the guest could not follow it, and a host program must not.
    Ok(directory
        .dir
        .symlink(PathBuf::from(OsString::from_vec(content)), &new.path)?)
}

/// `path_unlink_file(fd, path*, path_len)`
pub(super) fn path_unlink_file(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let path = GuestPath::read(memory, args.u32(1), args.u32(2))?;
    let directory = ctx.fds.get(args.u32(0))?.directory(rights::PATH_UNLINK_FILE)?;
    if path.directory && !directory.dir.symlink_metadata(&path.path)?.is_dir() {
        return Err(Errno::NotDir.into());
    }
    Ok(directory.dir.remove_file(&path.path)?)
}
