//! The four clocks.
//!
//! # Invariants
//! - Monotonic time counts from the guest's start, so that it tells nothing of the host.
//! - The guest is one process of one thread: both CPU clocks are the CPU time of the thread that runs it.
//!
//! Must not know: who waits for a time.

use super::abi;
use super::ctx::WasiCtx;
use super::errno::Errno;
use super::{Args, Outcome};
use crate::runtime::host::GuestMemory;
use rustix::time::{ClockId, Timespec, clock_getres, clock_gettime};
use std::time::{Duration, Instant, SystemTime};

const REALTIME: u32 = 0;
const MONOTONIC: u32 = 1;
const PROCESS_CPU: u32 = 2;
const THREAD_CPU: u32 = 3;

/// The clocks of one guest.
#[derive(Debug)]
pub(super) struct Clocks {
    start: Instant,
}

impl Clocks {
    pub fn new() -> Clocks {
        Clocks {
            start: Instant::now(),
        }
    }

    /// A clock's time in nanoseconds.
    pub fn now_ns(&self, clock: u32) -> Result<u64, Errno> {
        match clock {
            REALTIME => {
                let since_epoch = SystemTime::now()
                    .duration_since(SystemTime::UNIX_EPOCH)
                    .map_err(|_| Errno::Overflow)?;
                nanos_of_duration(since_epoch)
            }
            MONOTONIC => nanos_of_duration(self.start.elapsed()),
            PROCESS_CPU | THREAD_CPU => nanos_of_timespec(clock_gettime(ClockId::ThreadCPUTime)),
            _ => Err(Errno::Inval),
        }
    }

    fn resolution_ns(&self, clock: u32) -> Result<u64, Errno> {
        let host = match clock {
            REALTIME => ClockId::Realtime,
            MONOTONIC => ClockId::Monotonic,
            PROCESS_CPU | THREAD_CPU => ClockId::ThreadCPUTime,
            _ => return Err(Errno::Inval),
        };
        nanos_of_timespec(clock_getres(host))
    }
}

fn nanos_of_duration(duration: Duration) -> Result<u64, Errno> {
    u64::try_from(duration.as_nanos()).map_err(|_| Errno::Overflow)
}

fn nanos_of_timespec(time: Timespec) -> Result<u64, Errno> {
    Duration::try_from(time)
        .map_err(|_| Errno::Overflow)
        .and_then(nanos_of_duration)
}

/// `clock_res_get(id, resolution*)`
pub(super) fn clock_res_get(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let resolution = ctx.clocks.resolution_ns(args.u32(0))?;
    Ok(abi::write(memory, args.u32(1), &resolution.to_le_bytes())?)
}

/// `clock_time_get(id, precision, time*)`
pub(super) fn clock_time_get(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let now = ctx.clocks.now_ns(args.u32(0))?;
    Ok(abi::write(memory, args.u32(2), &now.to_le_bytes())?)
}
