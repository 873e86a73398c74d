//! Where a guest's standard streams come from and go to.
//!
//! # Invariants
//! - Reading and writing here never waits longer than the sink's own code does: "nothing there" and "no room" are
//!   answers, and the one waiting loop ([`Waiter`]) looks at the interrupt every [`WAIT_SLICE`].
//! - A sink is the only brake of a guest that prints for ever. It may block (then the guest cannot be paused
//!   meanwhile), or better say [`io::ErrorKind::WouldBlock`]: then the guest waits, and can be paused.
//!
//! Must not know: descriptors, guest memory.

use super::abi::FileType;
use crate::runtime::host::{HostError, Interrupt};
use rustix::event::{PollFd, PollFlags, Timespec};
use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The longest wait without a look at the interrupt.
pub const WAIT_SLICE: Duration = Duration::from_millis(10);

/// Input for a guest, fed by another thread. Clones are the same queue.
#[derive(Clone, Debug, Default)]
pub struct StdinQueue(Arc<QueueShared>);

#[derive(Debug, Default)]
struct QueueShared {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct QueueState {
    bytes: VecDeque<u8>,
    closed: bool,
}

impl StdinQueue {
    /// An empty, open queue.
    pub fn new() -> StdinQueue {
        StdinQueue::default()
    }

    /// Adds input. Input after [`close`](Self::close) is dropped.
    pub fn push(&self, bytes: &[u8]) {
        let mut state = self.lock();
        if !state.closed {
            state.bytes.extend(bytes);
        }
        self.0.changed.notify_all();
    }

    /// Ends the input: once what was pushed is read, the guest sees the end of file.
    pub fn close(&self) {
        self.lock().closed = true;
        self.0.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        // The state is whole at every point where a holder could panic.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.lock();
        if state.bytes.is_empty() && !state.closed {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.bytes.read(buffer)
    }

    fn readiness(&self) -> Readiness {
        let state = self.lock();
        Readiness {
            ready: state.closed || !state.bytes.is_empty(),
            available_len_bytes: state.bytes.len() as u64,
            hangup: state.closed && state.bytes.is_empty(),
        }
    }

    fn wait(&self, timeout: Duration) {
        let state = self.lock();
        if state.bytes.is_empty() && !state.closed {
            // Woken early or late, the caller looks again.
            drop(self.0.changed.wait_timeout(state, timeout));
        }
    }
}

/// Whether a stream could be read (or written) now.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Readiness {
    pub ready: bool,
    pub available_len_bytes: u64,
    pub hangup: bool,
}

impl Readiness {
    pub const READY: Readiness = Readiness {
        ready: true,
        available_len_bytes: 0,
        hangup: false,
    };
}

/// Where standard input comes from.
#[derive(Debug)]
pub struct Input(InputKind);

#[derive(Debug)]
enum InputKind {
    Empty,
    Queue(StdinQueue),
    Inherited(File),
}

impl Input {
    /// No input: the end of file at once.
    pub fn empty() -> Input {
        Input(InputKind::Empty)
    }

    /// Input another thread feeds.
    pub fn queue(queue: StdinQueue) -> Input {
        Input(InputKind::Queue(queue))
    }

    /// This process's own standard input.
    pub fn inherited() -> io::Result<Input> {
        Ok(Input(InputKind::Inherited(File::from(
            io::stdin().as_fd().try_clone_to_owned()?,
        ))))
    }

    /// A queue stands for a person typing.
    pub(super) fn file_type(&self) -> FileType {
        match &self.0 {
            InputKind::Empty => FileType::Unknown,
            InputKind::Queue(_) => FileType::CharacterDevice,
            InputKind::Inherited(file) => file_type_of_stream(file),
        }
    }

    /// Reads what is there; [`io::ErrorKind::WouldBlock`] if nothing is.
    pub(super) fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            InputKind::Empty => Ok(0),
            InputKind::Queue(queue) => queue.try_read(buffer),
            InputKind::Inherited(file) => {
                if !poll_fd(file, PollFlags::IN, Duration::ZERO)?.ready {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                file.read(buffer)
            }
        }
    }

    pub(super) fn readiness(&self) -> io::Result<Readiness> {
        match &self.0 {
            InputKind::Empty => Ok(Readiness {
                hangup: true,
                ..Readiness::READY
            }),
            InputKind::Queue(queue) => Ok(queue.readiness()),
            InputKind::Inherited(file) => {
                let readiness = poll_fd(file, PollFlags::IN, Duration::ZERO)?;
                let available_len_bytes = if readiness.ready {
                    // Not every kind of file can tell; at least one byte (or the end) is there.
                    rustix::io::ioctl_fionread(file).map_or(1, |n| n.max(1))
                } else {
                    0
                };
                Ok(Readiness {
                    available_len_bytes,
                    ..readiness
                })
            }
        }
    }

    /// Waits for input, at most `timeout`.
    pub(super) fn wait(&self, timeout: Duration) -> io::Result<()> {
        match &self.0 {
            InputKind::Empty => Ok(()),
            InputKind::Queue(queue) => {
                queue.wait(timeout);
                Ok(())
            }
            InputKind::Inherited(file) => poll_fd(file, PollFlags::IN, timeout).map(|_| ()),
        }
    }
}

/// Where standard output or error goes.
pub struct Output(OutputKind);

enum OutputKind {
    Discard,
    Writer(Box<dyn Write + Send>),
    Inherited(File),
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            OutputKind::Discard => "Discard",
            OutputKind::Writer(_) => "Writer",
            OutputKind::Inherited(_) => "Inherited",
        })
    }
}

impl Output {
    /// Nowhere.
    pub fn discard() -> Output {
        Output(OutputKind::Discard)
    }

    /// To a function, called with each piece as the guest writes it. It may block, and thereby brake the guest.
    pub fn callback(sink: impl FnMut(&[u8]) + Send + 'static) -> Output {
        Output::writer(Callback(sink))
    }

    /// To a writer. [`io::ErrorKind::WouldBlock`] makes the guest wait and try again, any other error is the
    /// guest's. It passes for a terminal, so that C libraries hand over each line as it is printed.
    pub fn writer(sink: impl Write + Send + 'static) -> Output {
        Output(OutputKind::Writer(Box::new(sink)))
    }

    /// This process's own standard output. Blocks as long as its reader does not read.
    pub fn inherited_stdout() -> io::Result<Output> {
        Ok(Output(OutputKind::Inherited(File::from(
            io::stdout().as_fd().try_clone_to_owned()?,
        ))))
    }

    /// This process's own standard error. Blocks as long as its reader does not read.
    pub fn inherited_stderr() -> io::Result<Output> {
        Ok(Output(OutputKind::Inherited(File::from(
            io::stderr().as_fd().try_clone_to_owned()?,
        ))))
    }

    pub(super) fn file_type(&self) -> FileType {
        match &self.0 {
            OutputKind::Discard => FileType::Unknown,
            OutputKind::Writer(_) => FileType::CharacterDevice,
            OutputKind::Inherited(file) => file_type_of_stream(file),
        }
    }

    /// Writes what there is room for; [`io::ErrorKind::WouldBlock`] if there is none.
    pub(super) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            OutputKind::Discard => Ok(bytes.len()),
            // A sink that counts wrong must not make the guest skip or repeat bytes it never handed over.
            OutputKind::Writer(writer) => writer.write(bytes).map(|n| n.min(bytes.len())),
            OutputKind::Inherited(file) => file.write(bytes),
        }
    }
}

struct Callback<F>(F);

impl<F: FnMut(&[u8])> Write for Callback<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.0)(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn file_type_of_stream(file: &File) -> FileType {
    if file.is_terminal() {
        FileType::CharacterDevice
    } else {
        FileType::Unknown
    }
}

/// Asks the host whether `file` is ready, waiting at most `timeout`.
pub(super) fn poll_fd(file: &impl AsFd, events: PollFlags, timeout: Duration) -> io::Result<Readiness> {
    let mut fds = [PollFd::new(file, events)];
    let timeout = Timespec::try_from(timeout).map_err(io::Error::other)?;
    match rustix::event::poll(&mut fds, Some(&timeout)) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Ok(Readiness::default()),
        Err(error) => return Err(error.into()),
    }
    let got = fds.first().map_or(PollFlags::empty(), PollFd::revents);
    Ok(Readiness {
        ready: !got.is_empty(),
        available_len_bytes: 0,
        hangup: got.contains(PollFlags::HUP),
    })
}

/// How a call waits: in slices, until its wish comes true or the interrupt is raised.
pub(super) struct Waiter {
    pub interrupt: Interrupt,
    pub on_input_wait: Option<Box<dyn FnMut() + Send>>,
}

impl Waiter {
    /// Tells that the guest begins to wait for input.
    pub fn input_wanted(&mut self) {
        if let Some(hook) = &mut self.on_input_wait {
            hook();
        }
    }

    /// `Err` if the guest is to stop at this call.
    pub fn check(&self) -> Result<(), HostError> {
        if self.interrupt.is_raised() {
            Err(HostError::Interrupted)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_hands_over_what_was_pushed_and_then_ends() {
        let queue = StdinQueue::new();
        let mut buffer = [0; 3];
        assert_eq!(
            queue.try_read(&mut buffer).map_err(|e| e.kind()),
            Err(io::ErrorKind::WouldBlock)
        );
        queue.push(b"abcd");
        assert_eq!(queue.try_read(&mut buffer).ok(), Some(3));
        assert_eq!(&buffer, b"abc");
        queue.close();
        queue.push(b"late");
        assert_eq!(queue.try_read(&mut buffer).ok(), Some(1));
        assert_eq!(queue.try_read(&mut buffer).ok(), Some(0));
        assert!(queue.readiness().hangup);
    }
}
