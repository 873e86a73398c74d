//! Calls about an open directory: the names of preopened ones, and listings.
//!
//! # Invariants
//! - A listing is taken when a guest starts (cookie 0) and stays as it was, so that cookies keep their meaning while
//!   the guest creates and deletes; starting again takes a new one. A cookie is the number of entries before it.
//! - `.` and `..` come first. `..` has the inode of the directory itself: nothing outside a mount is told.
//!
//! Must not know: how a directory was opened.

use super::abi::{self, FileType, rights};
use super::ctx::WasiCtx;
use super::errno::Errno;
use super::fd::{Directory, Object, file_type_of_host};
use super::{Args, Outcome};
use crate::runtime::host::GuestMemory;
use cap_fs_ext::MetadataExt as _;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::DirEntryExt;

/// A directory's entries at one moment.
#[derive(Debug)]
pub(super) struct Listing(Vec<ListingEntry>);

#[derive(Debug)]
struct ListingEntry {
    inode: u64,
    file_type: FileType,
    name: Vec<u8>,
}

impl Listing {
    fn take(directory: &Directory) -> io::Result<Listing> {
        let own_inode = directory.dir.dir_metadata()?.ino();
        let dot = |name: &str| ListingEntry {
            inode: own_inode,
            file_type: FileType::Directory,
            name: name.as_bytes().to_vec(),
        };
        let mut entries = vec![dot("."), dot("..")];
        for entry in directory.dir.entries()? {
            let entry = entry?;
            // An entry can be gone by now; it was there when it was read.
            let file_type = entry.file_type().map_or(FileType::Unknown, file_type_of_host);
            entries.push(ListingEntry {
                inode: entry.ino(),
                file_type,
                name: entry.file_name().into_vec(),
            });
        }
        Ok(Listing(entries))
    }
}

/// `fd_prestat_get(fd, prestat*)`
pub(super) fn fd_prestat_get(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let name = ctx
        .fds
        .get(args.u32(0))?
        .preopened_as
        .as_ref()
        .ok_or(Errno::Badf)?;
    let len_bytes = u32::try_from(name.len()).map_err(|_| Errno::Overflow)?;
    Ok(abi::write(memory, args.u32(1), &abi::prestat_bytes(len_bytes))?)
}

/// `fd_prestat_dir_name(fd, path*, path_len)`
pub(super) fn fd_prestat_dir_name(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    args: &Args<'_>,
) -> Outcome {
    let name = ctx
        .fds
        .get(args.u32(0))?
        .preopened_as
        .as_ref()
        .ok_or(Errno::Badf)?;
    if name.len() > args.u32(2) as usize {
        return Err(Errno::NameTooLong.into());
    }
    Ok(abi::write(memory, args.u32(1), name)?)
}

/// `fd_readdir(fd, buf*, buf_len, cookie, bufused*)`. The last entry is cut off where the buffer ends; a buffer that
/// is not full tells the guest that the listing has ended.
///
/// A descriptor that is no directory's is [`Errno::Badf`], as in wasmtime and wazero (and unlike the `ENOTDIR` of
/// `getdents`): TinyGo's `os` opens directories as files and looks for it.
pub(super) fn fd_readdir(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let entry = ctx.fds.get_mut(args.u32(0))?;
    let allowed = entry.require(rights::FD_READDIR, Errno::NotCapable);
    let Object::Dir(directory) = &mut entry.object else {
        return Err(Errno::Badf.into());
    };
    allowed?;
    let (mut at, room_len_bytes, cookie, result) = (args.u32(1), args.u32(2), args.u64(3), args.u32(4));
    abi::check_writable(memory, at, room_len_bytes)?;
    abi::check_writable(memory, result, 4)?;
    if cookie == 0 || directory.listing.is_none() {
        directory.listing = Some(Listing::take(directory)?);
    }
    let entries = directory.listing.as_ref().map_or(&[][..], |listing| &listing.0);
    let mut used_len_bytes = 0u32;
    let skipped = usize::try_from(cookie).unwrap_or(usize::MAX);
    for (entry, next_cookie) in entries.iter().zip(1u64..).skip(skipped) {
        let name_len = u32::try_from(entry.name.len()).map_err(|_| Errno::Overflow)?;
        let header = abi::dirent_bytes(next_cookie, entry.inode, name_len, entry.file_type);
        for piece in [&header[..], &entry.name] {
            let left = room_len_bytes.saturating_sub(used_len_bytes);
            let fits = piece.get(..left as usize).unwrap_or(piece);
            abi::write(memory, at, fits)?;
            let fits_len_bytes = u32::try_from(fits.len()).map_err(|_| Errno::Overflow)?;
            used_len_bytes = used_len_bytes.saturating_add(fits_len_bytes);
            at = at.wrapping_add(fits_len_bytes);
        }
        if used_len_bytes == room_len_bytes {
            break;
        }
    }
    Ok(abi::write(memory, result, &used_len_bytes.to_le_bytes())?)
}
