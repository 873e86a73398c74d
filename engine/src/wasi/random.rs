//! Random bytes, from the host's own source.
//!
//! Must not know: anything else.

use super::ctx::WasiCtx;
use super::errno::Errno;
use super::{Args, Outcome};
use crate::runtime::host::GuestMemory;

/// A guest may ask for gigabytes: between chunks the interrupt is looked at.
const CHUNK_LEN_BYTES: usize = 1 << 20;

/// `random_get(buf, buf_len)`
pub(super) fn random_get(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let buffer = memory.write(args.u32(0), args.u32(1)).ok_or(Errno::Fault)?;
    for chunk in buffer.chunks_mut(CHUNK_LEN_BYTES) {
        getrandom::fill(chunk).map_err(|_| Errno::Io)?;
        // Only a fill of more than one chunk is worth stopping in; it starts over then.
        if chunk.len() == CHUNK_LEN_BYTES {
            ctx.waiter.check()?;
        }
    }
    Ok(())
}
