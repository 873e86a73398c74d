//! Calls that move bytes through a descriptor: read, write, their positioned forms, seek and tell.
//!
//! # Invariants
//! - A transfer goes buffer by buffer and ends at the first short one: what was moved is the count, an error after
//!   some bytes moved is told by the next call.
//! - A call that moved nothing and may wait, waits in slices; the interrupt ends it with nothing done.
//!
//! Must not know: how a descriptor was opened.

use super::abi::{self, Buffers, fdflags, rights};
use super::ctx::WasiCtx;
use super::errno::Errno;
use super::fd::{Entry, Object, set_append};
use super::stdio::{WAIT_SLICE, Waiter, poll_fd};
use super::{Args, Fail, Outcome};
use crate::runtime::host::GuestMemory;
use cap_std::fs::{File, FileExt};
use rustix::event::PollFlags;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::time::Duration;

/// Moves bytes buffer by buffer. Only an error before the first byte is an error of the call.
fn transfer(
    buffers: &Buffers,
    mut one: impl FnMut(u32, u32, u64) -> Result<usize, Fail>,
) -> Result<u32, Fail> {
    let mut moved = 0u32;
    for buffer in buffers {
        match one(buffer.address, buffer.len_bytes, u64::from(moved)) {
            Ok(n) => {
                let n = u32::try_from(n).map_err(|_| Errno::Overflow)?;
                moved = moved.checked_add(n).ok_or(Errno::Overflow)?;
                if n < buffer.len_bytes {
                    break;
                }
            }
            Err(error) if moved == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(moved)
}

fn read_into(
    memory: &mut GuestMemory<'_>,
    address: u32,
    len_bytes: u32,
    mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
) -> Result<usize, Fail> {
    let filled = memory.fill(address, len_bytes, |buffer| uninterrupted(|| read(&mut *buffer)));
    Ok(filled.ok_or(Errno::Fault)??)
}

fn write_from(
    memory: &GuestMemory<'_>,
    address: u32,
    len_bytes: u32,
    mut write: impl FnMut(&[u8]) -> io::Result<usize>,
) -> Result<usize, Fail> {
    let bytes = memory.read(address, len_bytes).ok_or(Errno::Fault)?;
    Ok(uninterrupted(|| write(bytes))?)
}

/// Tries again after a signal of the host's.
fn uninterrupted(mut action: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match action() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Whether a read would find something (the end of file included).
fn ready_to_read(entry: &Entry) -> io::Result<bool> {
    match &entry.object {
        Object::Input(input) => Ok(input.readiness()?.ready),
        Object::File(file) if entry.waits => Ok(poll_fd(file, PollFlags::IN, Duration::ZERO)?.ready),
        _ => Ok(true),
    }
}

/// Waits for input, at most a slice. Tells when the wait begins.
fn wait_to_read(entry: &Entry, waiter: &mut Waiter, waiting: &mut bool) -> Outcome {
    waiter.check()?;
    match &entry.object {
        Object::Input(input) => {
            if !std::mem::replace(waiting, true) {
                waiter.input_wanted();
            }
            input.wait(WAIT_SLICE)?;
        }
        Object::File(file) => {
            poll_fd(file, PollFlags::IN, WAIT_SLICE)?;
        }
        Object::Output(_) | Object::Dir(_) => {}
    }
    Ok(())
}

/// Waits for room, at most a slice.
fn wait_to_write(entry: &Entry, waiter: &Waiter) -> Outcome {
    waiter.check()?;
    match &entry.object {
        Object::File(file) => {
            poll_fd(file, PollFlags::OUT, WAIT_SLICE)?;
        }
        // A sink has no way to tell that there is room again.
        _ => std::thread::sleep(WAIT_SLICE),
    }
    Ok(())
}

/// The position of byte `moved` of a transfer that starts at `offset`.
fn position(offset: u64, moved: u64) -> io::Result<u64> {
    offset
        .checked_add(moved)
        .ok_or_else(|| ErrorKind::InvalidInput.into())
}

/// `fd_read(fd, iovs*, iovs_len, nread*)`
pub(super) fn fd_read(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let entry = ctx.fds.get_mut(args.u32(0))?;
    if matches!(entry.object, Object::Dir(_)) {
        return Err(Errno::IsDir.into());
    }
    entry.require(rights::FD_READ, Errno::Badf)?;
    let result = args.u32(3);
    let buffers = abi::read_iovecs(memory, args.u32(1), args.u32(2))?;
    abi::check_writable(memory, result, 4)?;
    let mut waiting = false;
    while !buffers.is_empty() && !ready_to_read(entry)? {
        if entry.flags & fdflags::NONBLOCK != 0 {
            return Err(Errno::Again.into());
        }
        wait_to_read(entry, &mut ctx.waiter, &mut waiting)?;
    }
    let moved = transfer(&buffers, |address, len_bytes, _| {
        read_into(memory, address, len_bytes, |buffer| match &mut entry.object {
            Object::Input(input) => input.try_read(buffer),
            Object::File(file) => file.read(buffer),
            Object::Output(_) | Object::Dir(_) => Err(ErrorKind::Unsupported.into()),
        })
    })?;
    Ok(abi::write(memory, result, &moved.to_le_bytes())?)
}

/// `fd_write(fd, iovs*, iovs_len, nwritten*)`
pub(super) fn fd_write(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let entry = ctx.fds.get_mut(args.u32(0))?;
    entry.require(rights::FD_WRITE, Errno::Badf)?;
    let result = args.u32(3);
    let buffers = abi::read_iovecs(memory, args.u32(1), args.u32(2))?;
    abi::check_writable(memory, result, 4)?;
    let moved = loop {
        let attempt = transfer(&buffers, |address, len_bytes, _| {
            write_from(memory, address, len_bytes, |bytes| match &mut entry.object {
                Object::Output(output) => output.try_write(bytes),
                Object::File(file) => file.write(bytes),
                Object::Input(_) | Object::Dir(_) => Err(ErrorKind::Unsupported.into()),
            })
        });
        match attempt {
            Err(Fail::Errno(Errno::Again)) if entry.flags & fdflags::NONBLOCK == 0 => {
                wait_to_write(entry, &ctx.waiter)?;
            }
            done => break done?,
        }
    };
    Ok(abi::write(memory, result, &moved.to_le_bytes())?)
}

/// `fd_pread(fd, iovs*, iovs_len, offset, nread*)`
pub(super) fn fd_pread(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let entry = ctx.fds.get_mut(args.u32(0))?;
    let readable = entry.require(rights::FD_READ, Errno::Badf);
    let file = entry.file(Errno::IsDir, Errno::Spipe)?;
    readable?;
    let (offset, result) = (args.u64(3), args.u32(4));
    let buffers = abi::read_iovecs(memory, args.u32(1), args.u32(2))?;
    abi::check_writable(memory, result, 4)?;
    let moved = transfer(&buffers, |address, len_bytes, moved| {
        read_into(memory, address, len_bytes, |buffer| {
            file.read_at(buffer, position(offset, moved)?)
        })
    })?;
    Ok(abi::write(memory, result, &moved.to_le_bytes())?)
}

/// `fd_pwrite(fd, iovs*, iovs_len, offset, nwritten*)`. Writes at `offset` even if the descriptor appends, as
/// POSIX has it; Linux alone would append.
pub(super) fn fd_pwrite(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let entry = ctx.fds.get_mut(args.u32(0))?;
    let appends = entry.flags & fdflags::APPEND != 0;
    let writable = entry.require(rights::FD_WRITE, Errno::Badf);
    let file = entry.file(Errno::Badf, Errno::Spipe)?;
    writable?;
    let (offset, result) = (args.u64(3), args.u32(4));
    let buffers = abi::read_iovecs(memory, args.u32(1), args.u32(2))?;
    abi::check_writable(memory, result, 4)?;
    if appends {
        set_append(file, false)?;
    }
    let moved = transfer(&buffers, |address, len_bytes, moved| {
        write_from(memory, address, len_bytes, |bytes| {
            file.write_at(bytes, position(offset, moved)?)
        })
    });
    if appends {
        set_append(file, true)?;
    }
    Ok(abi::write(memory, result, &moved?.to_le_bytes())?)
}

/// `fd_seek(fd, offset, whence, newoffset*)`
pub(super) fn fd_seek(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let entry = ctx.fds.get_mut(args.u32(0))?;
    let (offset, result) = (args.u64(1) as i64, args.u32(3));
    let target = match args.u32(2) {
        0 => u64::try_from(offset)
            .map(SeekFrom::Start)
            .map_err(|_| Errno::Inval),
        1 => Ok(SeekFrom::Current(offset)),
        2 => Ok(SeekFrom::End(offset)),
        _ => Err(Errno::Inval),
    };
    seek(entry, target, memory, result)
}

/// `fd_tell(fd, offset*)`
pub(super) fn fd_tell(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let entry = ctx.fds.get_mut(args.u32(0))?;
    seek(entry, Ok(SeekFrom::Current(0)), memory, args.u32(1))
}

fn seek(
    entry: &mut Entry,
    target: Result<SeekFrom, Errno>,
    memory: &mut GuestMemory<'_>,
    result: u32,
) -> Outcome {
    let file: &mut File = entry.file(Errno::Badf, Errno::Spipe)?;
    let target = target?;
    abi::check_writable(memory, result, 8)?;
    let position = file.seek(target)?;
    Ok(abi::write(memory, result, &position.to_le_bytes())?)
}
