//! `poll_oneoff`: waiting for clocks and descriptors.
//!
//! # Invariants
//! - The wait goes in slices of at most 10 ms. An interrupted call made again with the same arguments goes on with
//!   its first start, so a relative timeout is not stretched by pauses.
//! - A subscription that cannot be served is an event with an error, not an error of the call.
//!
//! Must not know: how bytes are moved.

use super::abi::{
    self, Awaited, EVENT_LEN_BYTES, Event, MAX_SUBSCRIPTIONS, SUBSCRIPTION_LEN_BYTES, Subscription,
};
use super::ctx::WasiCtx;
use super::errno::Errno;
use super::fd::{FdTable, Object};
use super::stdio::{Readiness, WAIT_SLICE, poll_fd};
use super::{Args, Outcome};
use crate::runtime::host::{GuestMemory, HostError};
use cap_std::fs::File;
use rustix::event::PollFlags;
use std::io::Seek;
use std::time::{Duration, Instant};

/// A wait that was interrupted: what it waited for, and since when.
#[derive(Debug)]
pub(super) struct PollResume {
    subscriptions: Vec<Subscription>,
    start: Instant,
}

/// `poll_oneoff(in*, out*, nsubscriptions, nevents*)`
pub(super) fn poll_oneoff(ctx: &mut WasiCtx, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Outcome {
    let (input, output, count, result) = (args.u32(0), args.u32(1), args.u32(2), args.u32(3));
    if count == 0 || count > MAX_SUBSCRIPTIONS {
        return Err(Errno::Inval.into());
    }
    let subscriptions = (0..count)
        .map(|index| {
            let offset = index.checked_mul(SUBSCRIPTION_LEN_BYTES).ok_or(Errno::Fault)?;
            abi::read_subscription(memory, input.checked_add(offset).ok_or(Errno::Fault)?)
        })
        .collect::<Result<Vec<_>, Errno>>()?;
    abi::check_writable(
        memory,
        output,
        count.checked_mul(EVENT_LEN_BYTES).ok_or(Errno::Fault)?,
    )?;
    abi::check_writable(memory, result, 4)?;

    let start = match ctx.poll_resume.take() {
        Some(resume) if resume.subscriptions == subscriptions => resume.start,
        _ => Instant::now(),
    };
    let mut told = false;
    let events = loop {
        let look = look(ctx, &subscriptions, start)?;
        if !look.events.is_empty() {
            break look.events;
        }
        if let Err(interrupted) = ctx.waiter.check() {
            if interrupted == HostError::Interrupted {
                ctx.poll_resume = Some(PollResume { subscriptions, start });
            }
            return Err(interrupted.into());
        }
        if look.input.is_some() && !std::mem::replace(&mut told, true) {
            ctx.waiter.input_wanted();
        }
        wait(&ctx.fds, &look)?;
    };

    let mut at = output;
    for event in &events {
        abi::write(memory, at, &event.bytes())?;
        at = at.wrapping_add(EVENT_LEN_BYTES);
    }
    let written = u32::try_from(events.len()).map_err(|_| Errno::Overflow)?;
    Ok(abi::write(memory, result, &written.to_le_bytes())?)
}

/// What one look at all subscriptions found.
struct Look {
    events: Vec<Event>,
    /// How long until the first clock is due, at most a slice.
    slice: Duration,
    /// A descriptor of standard input that is waited for.
    input: Option<u32>,
}

fn look(ctx: &WasiCtx, subscriptions: &[Subscription], start: Instant) -> Result<Look, Errno> {
    let mut look = Look {
        events: Vec::new(),
        slice: WAIT_SLICE,
        input: None,
    };
    for subscription in subscriptions {
        let readiness = match subscription.what {
            Awaited::Clock {
                clock,
                timeout_ns,
                absolute,
            } => clock_due_in(ctx, start, clock, timeout_ns, absolute).map(|left| {
                look.slice = look.slice.min(left);
                if left.is_zero() {
                    Readiness::READY
                } else {
                    Readiness::default()
                }
            }),
            Awaited::FdRead { fd } => {
                let readiness = read_readiness(&ctx.fds, fd);
                if matches!(&readiness, Ok(r) if !r.ready)
                    && matches!(ctx.fds.get(fd).map(|entry| &entry.object), Ok(Object::Input(_)))
                {
                    look.input = Some(fd);
                }
                readiness
            }
            Awaited::FdWrite { fd } => write_readiness(&ctx.fds, fd),
        };
        let (errno, readiness) = match readiness {
            Ok(readiness) if !readiness.ready => continue,
            Ok(readiness) => (Errno::Success, readiness),
            Err(errno) => (errno, Readiness::READY),
        };
        look.events.push(Event {
            userdata: subscription.userdata,
            errno,
            event_type: subscription.what.event_type(),
            available_len_bytes: readiness.available_len_bytes,
            hangup: readiness.hangup,
        });
    }
    Ok(look)
}

fn clock_due_in(
    ctx: &WasiCtx,
    start: Instant,
    clock: u32,
    timeout_ns: u64,
    absolute: bool,
) -> Result<Duration, Errno> {
    let now_ns = ctx.clocks.now_ns(clock)?;
    let left_ns = if absolute {
        timeout_ns.saturating_sub(now_ns)
    } else {
        // Every clock measures a span alike, but for the CPU clocks, which nobody can wait on: the waiter's stand still.
        if clock > 1 {
            return Err(Errno::NotSup);
        }
        let waited_ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        timeout_ns.saturating_sub(waited_ns)
    };
    Ok(Duration::from_nanos(left_ns))
}

fn read_readiness(fds: &FdTable, fd: u32) -> Result<Readiness, Errno> {
    let entry = fds.get(fd)?;
    match &entry.object {
        Object::Input(input) => Ok(input.readiness()?),
        Object::File(file) if entry.waits => Ok(poll_fd(file, PollFlags::IN, Duration::ZERO)?),
        Object::File(file) => Ok(Readiness {
            available_len_bytes: left_to_read(file)?,
            ..Readiness::READY
        }),
        Object::Output(_) | Object::Dir(_) => Err(Errno::Badf),
    }
}

fn left_to_read(mut file: &File) -> Result<u64, Errno> {
    let position = file.stream_position()?;
    Ok(file.metadata()?.len().saturating_sub(position))
}

fn write_readiness(fds: &FdTable, fd: u32) -> Result<Readiness, Errno> {
    let entry = fds.get(fd)?;
    match &entry.object {
        Object::File(file) if entry.waits => Ok(poll_fd(file, PollFlags::OUT, Duration::ZERO)?),
        // A sink is asked by writing: it has no other way to say that it is full.
        Object::File(_) | Object::Output(_) => Ok(Readiness::READY),
        Object::Input(_) | Object::Dir(_) => Err(Errno::Badf),
    }
}

/// Waits one slice; input ends it early.
fn wait(fds: &FdTable, look: &Look) -> Outcome {
    match look.input.map(|fd| fds.get(fd).map(|entry| &entry.object)) {
        Some(Ok(Object::Input(input))) => input.wait(look.slice)?,
        _ => std::thread::sleep(look.slice),
    }
    Ok(())
}
