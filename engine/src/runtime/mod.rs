//! Everything live: the store, guest stacks, code memory, entry and exit, traps.
//!
//! # Invariants
//! - The guest is data: registers, a stack of its own that holds wasm frames only, and the store. Compiled code
//!   runs as a coroutine: `entry` switches to the guest and back, and every exit (a call of the host, a libcall,
//!   a stop, a tick, a trap, a function not compiled yet) leaves the whole guest context in memory.
//! - All unsafe code of the workspace lives here, each block with its reason.
//!
//! Must not know: the debugger, debug info, WASI.

mod activation;
mod bulk;
mod caught;
mod code_memory;
mod entry;
mod exceptions;
mod guest_stack;
pub mod host;
mod host_call;
mod instance;
mod interpreted;
mod libcalls;
mod link;
mod mapping;
mod memory;
mod native;
pub mod paused;
mod slice;
mod stops;
pub mod store;
mod table;
mod throw;
mod trap;
mod unwind;
mod variants;
mod vm_record;
mod watch;
