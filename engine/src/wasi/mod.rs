//! WASI preview 1: the outside world of a command-line guest, as host functions of `wasi_snapshot_preview1`.
//!
//! # Map
//! - [`ctx`](WasiCtx): what a guest may use, and the builder that grants it; [`Input`], [`Output`], [`StdinQueue`].
//! - `errno`: error numbers; `abi`: records, flags and bounds. Nothing else knows a number or an offset.
//! - `fd`: the descriptor table and calls about an open descriptor; `io`: reading, writing, seeking; `dir`:
//!   preopened names and directory listings; `fs`: calls that take a path.
//! - `poll`, `clock`, `random`, `stdio`: what their names say.
//!
//! # Invariants
//! - The guest is data: a bad address, descriptor, flag or path is an [`Errno`], never a panic. What it makes the
//!   host allocate is bounded.
//! - A preopened directory is a sandbox: no `..`, absolute path or symbolic link gets out. All paths go through
//!   cap-std.
//! - A call that waits looks at the interrupt every 10 ms ([`WAIT_SLICE`]), and then ends with
//!   [`HostError::Interrupted`] having done nothing: the runtime leaves the guest at the call and makes it again.
//! - A result's address is checked before anything is done that cannot be undone.
//!
//! Not served: `wasi_unstable` (same signatures, other record layouts and whence values, so answering to that name
//! would give wrong values), sockets (every descriptor answers "not a socket"), signals.
//!
//! Must not know: the engine beyond the host seam.

mod abi;
mod clock;
mod ctx;
mod dir;
mod errno;
mod fd;
mod fs;
mod io;
mod poll;
mod random;
mod stdio;

pub use ctx::{WasiCtx, WasiCtxBuilder, WasiError};
pub use errno::Errno;
pub use stdio::{Input, Output, StdinQueue, WAIT_SLICE};

use crate::runtime::host::{GuestMemory, HostCall, HostError, HostFunc};
use crate::types::{FuncType, Val, ValType};
use std::sync::{Arc, Mutex, PoisonError};

/// The module name the functions answer to.
pub const MODULE_NAME: &str = "wasi_snapshot_preview1";

/// How a call ends.
type Outcome = Result<(), Fail>;

/// Why a call did not succeed.
enum Fail {
    /// The guest gets an error number.
    Errno(Errno),
    /// The guest gets nothing.
    Host(HostError),
}

impl From<Errno> for Fail {
    fn from(errno: Errno) -> Fail {
        Fail::Errno(errno)
    }
}

impl From<HostError> for Fail {
    fn from(error: HostError) -> Fail {
        Fail::Host(error)
    }
}

impl From<std::io::Error> for Fail {
    fn from(error: std::io::Error) -> Fail {
        Fail::Errno(error.into())
    }
}

/// Arguments of one call, checked against the function's type before it is entered.
struct Args<'a>(&'a [Val]);

impl Args<'_> {
    fn u32(&self, index: usize) -> u32 {
        match self.0.get(index) {
            Some(Val::I32(value)) => *value as u32,
            _ => unreachable!("a call's arguments have its type"),
        }
    }

    fn u64(&self, index: usize) -> u64 {
        match self.0.get(index) {
            Some(Val::I64(value)) => *value as u64,
            _ => unreachable!("a call's arguments have its type"),
        }
    }
}

type Handler = fn(&mut WasiCtx, &mut GuestMemory<'_>, &Args<'_>) -> Outcome;

/// Every function: its name, its parameters (`i` = i32, `I` = i64), its code. All but `proc_exit` return an errno.
const FUNCTIONS: &[(&str, &str, Handler)] = &[
    ("args_get", "ii", args_get),
    ("args_sizes_get", "ii", args_sizes_get),
    ("clock_res_get", "ii", clock::clock_res_get),
    ("clock_time_get", "iIi", clock::clock_time_get),
    ("environ_get", "ii", environ_get),
    ("environ_sizes_get", "ii", environ_sizes_get),
    ("fd_advise", "iIIi", fd::fd_advise),
    ("fd_allocate", "iII", fd::fd_allocate),
    ("fd_close", "i", fd::fd_close),
    ("fd_datasync", "i", fd::fd_datasync),
    ("fd_fdstat_get", "ii", fd::fd_fdstat_get),
    ("fd_fdstat_set_flags", "ii", fd::fd_fdstat_set_flags),
    ("fd_fdstat_set_rights", "iII", fd::fd_fdstat_set_rights),
    ("fd_filestat_get", "ii", fd::fd_filestat_get),
    ("fd_filestat_set_size", "iI", fd::fd_filestat_set_size),
    ("fd_filestat_set_times", "iIIi", fd::fd_filestat_set_times),
    ("fd_pread", "iiiIi", io::fd_pread),
    ("fd_prestat_dir_name", "iii", dir::fd_prestat_dir_name),
    ("fd_prestat_get", "ii", dir::fd_prestat_get),
    ("fd_pwrite", "iiiIi", io::fd_pwrite),
    ("fd_read", "iiii", io::fd_read),
    ("fd_readdir", "iiiIi", dir::fd_readdir),
    ("fd_renumber", "ii", fd::fd_renumber),
    ("fd_seek", "iIii", io::fd_seek),
    ("fd_sync", "i", fd::fd_sync),
    ("fd_tell", "ii", io::fd_tell),
    ("fd_write", "iiii", io::fd_write),
    ("path_create_directory", "iii", fs::path_create_directory),
    ("path_filestat_get", "iiiii", fs::path_filestat_get),
    ("path_filestat_set_times", "iiiiIIi", fs::path_filestat_set_times),
    ("path_link", "iiiiiii", fs::path_link),
    ("path_open", "iiiiiIIii", fs::path_open),
    ("path_readlink", "iiiiii", fs::path_readlink),
    ("path_remove_directory", "iii", fs::path_remove_directory),
    ("path_rename", "iiiiii", fs::path_rename),
    ("path_symlink", "iiiii", fs::path_symlink),
    ("path_unlink_file", "iii", fs::path_unlink_file),
    ("poll_oneoff", "iiii", poll::poll_oneoff),
    ("proc_exit", "i", proc_exit),
    ("proc_raise", "i", proc_raise),
    ("random_get", "ii", random::random_get),
    ("sched_yield", "", sched_yield),
    ("sock_accept", "iii", fd::not_a_socket),
    ("sock_recv", "iiiiii", fd::not_a_socket),
    ("sock_send", "iiiii", fd::not_a_socket),
    ("sock_shutdown", "ii", fd::not_a_socket),
];

/// All functions of `wasi_snapshot_preview1`, sharing `ctx`.
pub fn host_funcs(ctx: WasiCtx) -> Vec<HostFunc> {
    let ctx = Arc::new(Mutex::new(ctx));
    FUNCTIONS
        .iter()
        .map(|&(name, params, handler)| {
            let params: Vec<ValType> = params
                .chars()
                .map(|c| if c == 'I' { ValType::I64 } else { ValType::I32 })
                .collect();
            let results = if name == "proc_exit" {
                vec![]
            } else {
                vec![ValType::I32]
            };
            let ty = FuncType { params, results };
            let ctx = Arc::clone(&ctx);
            let expected = ty.params.clone();
            HostFunc {
                module: MODULE_NAME.to_owned(),
                field: name.to_owned(),
                ty,
                code: Box::new(move |call| {
                    if !call.args.iter().map(|arg| arg.ty()).eq(expected.iter().copied()) {
                        return Err(HostError::Trap(format!(
                            "{name}: called with arguments of other types"
                        )));
                    }
                    // A panic in a sink leaves the context whole enough to go on with.
                    let mut ctx = ctx.lock().unwrap_or_else(PoisonError::into_inner);
                    serve(&mut ctx, handler, call)
                }),
            }
        })
        .collect()
}

fn serve(ctx: &mut WasiCtx, handler: Handler, call: &mut HostCall<'_>) -> Result<(), HostError> {
    let args = Args(call.args);
    let outcome = match &mut call.memory {
        Some(memory) => handler(ctx, memory, &args),
        // Without a memory every address is a bad one.
        None => handler(ctx, &mut GuestMemory::new(&mut [], &mut Vec::new()), &args),
    };
    let errno = match outcome {
        Ok(()) => Errno::Success,
        Err(Fail::Errno(errno)) => errno,
        Err(Fail::Host(error)) => return Err(error),
    };
    if let Some(result) = call.results.first_mut() {
        *result = Val::I32(i32::from(errno.number()));
    }
    Ok(())
}

/// `args_get(argv*, argv_buf*)`
fn args_get(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    strings_get(&ctx.args, memory, args)
}

/// `args_sizes_get(argc*, argv_buf_size*)`
fn args_sizes_get(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    strings_sizes_get(&ctx.args, memory, args)
}

/// `environ_get(environ*, environ_buf*)`
fn environ_get(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    strings_get(&ctx.env, memory, args)
}

/// `environ_sizes_get(environ_count*, environ_buf_size*)`
fn environ_sizes_get(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    strings_sizes_get(&ctx.env, memory, args)
}

fn strings_get(strings: &ctx::Strings, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let (mut pointer, mut buffer) = (args.u32(0), args.u32(1));
    for string in &strings.list {
        abi::write(memory, pointer, &buffer.to_le_bytes())?;
        abi::write(memory, buffer, string)?;
        // What fits the memory ends at 4 GiB at most, and an end there is an error only if more follows.
        pointer = pointer.wrapping_add(4);
        let len = u32::try_from(string.len()).map_err(|_| Errno::Overflow)?;
        buffer = buffer.wrapping_add(len);
    }
    Ok(())
}

fn strings_sizes_get(strings: &ctx::Strings, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    abi::write(memory, args.u32(0), &strings.count().to_le_bytes())?;
    Ok(abi::write(memory, args.u32(1), &strings.len_bytes.to_le_bytes())?)
}

/// `proc_exit(code)`
fn proc_exit(_: &mut WasiCtx, _: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    Err(HostError::Exit(args.u32(0)).into())
}

/// `proc_raise(signal)`
fn proc_raise(_: &mut WasiCtx, _: &mut GuestMemory<'_>, _: &Args<'_>) -> Outcome {
    Err(Errno::NotSup.into())
}

/// `sched_yield()`
fn sched_yield(_: &mut WasiCtx, _: &mut GuestMemory<'_>, _: &Args<'_>) -> Outcome {
    std::thread::yield_now();
    Ok(())
}
