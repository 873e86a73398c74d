//! Waiting: for input, for clocks, for pipes; and being interrupted in it.

use crate::guest::{Guest, NONBLOCK, READ, WRITE, errno};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use stepwell_engine::runtime::host::{HostError, Interrupt};
use stepwell_engine::wasi::{Input, StdinQueue, WasiCtx};
use tempfile::tempdir;

const MS: u64 = 1_000_000;

/// Puts a clock subscription at `index` of an array at 0.
fn clock(guest: &mut Guest, index: u32, id: u32, timeout_ns: u64, absolute: bool) {
    let at = index * 48;
    guest.put(at, &u64::from(100 + index).to_le_bytes());
    guest.put(at + 8, &[0; 8]);
    guest.put_u32s(at + 16, &[id, 0]);
    guest.put(at + 24, &timeout_ns.to_le_bytes());
    guest.put(at + 32, &0u64.to_le_bytes());
    guest.put_u32s(at + 40, &[u32::from(absolute), 0]);
}

/// Puts a subscription for reading (1) or writing (2) at `index`.
fn stream(guest: &mut Guest, index: u32, tag: u8, fd: u32) {
    let at = index * 48;
    guest.put(at, &u64::from(100 + index).to_le_bytes());
    guest.put(at + 8, &[tag, 0, 0, 0, 0, 0, 0, 0]);
    guest.put_u32s(at + 16, &[fd, 0, 0, 0, 0, 0, 0, 0]);
}

fn try_poll(guest: &mut Guest, count: i64) -> Result<u16, HostError> {
    guest.try_call("poll_oneoff", &[0, 0x800, count, 0x7f0])
}

/// The events: userdata, error, type, bytes, flags.
fn poll(guest: &mut Guest, count: i64) -> Vec<(u64, u16, u8, u64, u16)> {
    assert_eq!(try_poll(guest, count), Ok(0));
    (0..guest.u32(0x7f0))
        .map(|i| 0x800 + i * 32)
        .map(|at| {
            let event_type = guest.memory[at as usize + 10];
            (
                guest.u64(at),
                guest.u16(at + 8),
                event_type,
                guest.u64(at + 16),
                guest.u16(at + 24),
            )
        })
        .collect()
}

#[test]
fn a_clock_waits_its_time() {
    let mut guest = Guest::new(WasiCtx::builder());
    for id in [0, 1] {
        clock(&mut guest, 0, id, 30 * MS, false);
        clock(&mut guest, 1, id, 10_000 * MS, false);
        let start = Instant::now();
        assert_eq!(poll(&mut guest, 2), [(100, 0, 0, 0, 0)]);
        assert!(start.elapsed() >= Duration::from_millis(30));
        assert!(start.elapsed() < Duration::from_secs(5));
        guest
            .call("clock_time_get", &[i64::from(id), 0, 0x700])
            .expect("time");
        let until = guest.u64(0x700) + 30 * MS;
        clock(&mut guest, 0, id, until, true);
        assert_eq!(poll(&mut guest, 1), [(100, 0, 0, 0, 0)]);
        guest
            .call("clock_time_get", &[i64::from(id), 0, 0x700])
            .expect("time");
        assert!(guest.u64(0x700) >= until);
        clock(&mut guest, 0, id, 5, true);
        assert_eq!(poll(&mut guest, 1), [(100, 0, 0, 0, 0)], "long past");
    }
}

#[test]
fn what_cannot_be_waited_for_is_an_event_with_an_error() {
    let temp = tempdir().expect("a directory");
    let mut guest = Guest::with_dir(temp.path());
    clock(&mut guest, 0, 9, MS, false);
    stream(&mut guest, 1, 1, 77);
    stream(&mut guest, 2, 1, 3);
    stream(&mut guest, 3, 2, 0);
    clock(&mut guest, 4, 2, MS, false);
    let badf = errno::BADF;
    assert_eq!(
        poll(&mut guest, 5),
        [
            (100, errno::INVAL, 0, 0, 0),
            (101, badf, 1, 0, 0),
            (102, badf, 1, 0, 0),
            (103, badf, 2, 0, 0),
            (104, errno::NOTSUP, 0, 0, 0)
        ]
    );
    assert_eq!(try_poll(&mut guest, 0), Ok(errno::INVAL));
    stream(&mut guest, 0, 3, 0);
    assert_eq!(try_poll(&mut guest, 1), Ok(errno::INVAL), "no such type");
    clock(&mut guest, 0, 0, 0, false);
    guest.put(40, &[2]);
    assert_eq!(try_poll(&mut guest, 1), Ok(errno::INVAL), "no such flag");
}

#[test]
fn files_and_output_are_ready_at_once() {
    let temp = tempdir().expect("a directory");
    std::fs::write(temp.path().join("file"), "12345").expect("written");
    let mut guest = Guest::with_dir(temp.path());
    let fd = guest.open(3, "file", 0, READ | WRITE, 0).expect("opened");
    guest.seek(fd, 2, 0).expect("moved");
    stream(&mut guest, 0, 1, fd);
    stream(&mut guest, 1, 2, fd);
    stream(&mut guest, 2, 2, 1);
    stream(&mut guest, 3, 1, 0);
    clock(&mut guest, 4, 0, 10_000 * MS, false);
    assert_eq!(
        poll(&mut guest, 5),
        [
            (100, 0, 1, 3, 0),
            (101, 0, 2, 0, 0),
            (102, 0, 2, 0, 0),
            (103, 0, 1, 0, 1)
        ],
        "an empty input is at its end"
    );
}

struct Typing {
    guest: Guest,
    queue: StdinQueue,
    interrupt: Interrupt,
    waits: Arc<AtomicUsize>,
}

fn typing() -> Typing {
    let (queue, interrupt, waits) = (
        StdinQueue::new(),
        Interrupt::default(),
        Arc::new(AtomicUsize::new(0)),
    );
    let builder = WasiCtx::builder()
        .stdin(Input::queue(queue.clone()))
        .interrupt(interrupt.clone())
        .on_input_wait({
            let waits = Arc::clone(&waits);
            move || {
                waits.fetch_add(1, Ordering::SeqCst);
            }
        });
    Typing {
        guest: Guest::new(builder),
        queue,
        interrupt,
        waits,
    }
}

fn after_ms(ms: u64, action: impl FnOnce() + Send + 'static) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(ms));
        action();
    })
}

#[test]
fn reading_waits_for_typing_and_tells_so_once() {
    let Typing {
        mut guest,
        queue,
        waits,
        ..
    } = typing();
    queue.push(b"there");
    assert_eq!(guest.read(0, 100), Ok(b"there".to_vec()));
    assert_eq!(waits.load(Ordering::SeqCst), 0, "no wait, no call");
    let typist = after_ms(50, {
        let queue = queue.clone();
        move || queue.push(b"typed")
    });
    assert_eq!(guest.read(0, 100), Ok(b"typed".to_vec()));
    typist.join().expect("ended");
    assert_eq!(waits.load(Ordering::SeqCst), 1);
    assert!(
        guest.written.len() < 10,
        "waiting writes nothing: {:?}",
        guest.written
    );
    let typist = after_ms(20, move || queue.close());
    assert_eq!(guest.read(0, 100), Ok(vec![]), "closed while waiting");
    typist.join().expect("ended");
}

#[test]
fn a_read_that_waits_stops_promptly_and_goes_on_when_called_again() {
    let Typing {
        mut guest,
        queue,
        interrupt,
        waits,
    } = typing();
    guest.put_u32s(0x400, &[0x500, 10]);
    let call = [0, 0x400, 1, 0x440];
    let raiser = after_ms(30, {
        let interrupt = interrupt.clone();
        move || interrupt.raise()
    });
    let start = Instant::now();
    assert_eq!(guest.try_call("fd_read", &call), Err(HostError::Interrupted));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    raiser.join().expect("ended");
    assert_eq!(guest.written, [], "nothing was done");
    interrupt.clear();
    queue.push(b"text");
    guest.call("fd_read", &call).expect("read");
    assert_eq!(guest.bytes(0x500, 4), b"text");
    assert_eq!(waits.load(Ordering::SeqCst), 1);
    // What is there is served even with the interrupt up.
    queue.push(b"more");
    interrupt.raise();
    assert_eq!(guest.read(0, 10), Ok(b"more".to_vec()));
}

#[test]
fn a_sleep_that_is_interrupted_is_not_stretched() {
    let Typing {
        mut guest, interrupt, ..
    } = typing();
    clock(&mut guest, 0, 1, 150 * MS, false);
    interrupt.raise();
    let start = Instant::now();
    assert_eq!(try_poll(&mut guest, 1), Err(HostError::Interrupted));
    assert!(start.elapsed() < Duration::from_millis(140), "stopped at once");
    std::thread::sleep(Duration::from_millis(160));
    interrupt.clear();
    let resumed = Instant::now();
    assert_eq!(poll(&mut guest, 1), [(100, 0, 0, 0, 0)]);
    assert!(
        resumed.elapsed() < Duration::from_millis(100),
        "its time had passed meanwhile"
    );
    // A new sleep is a new one.
    let start = Instant::now();
    assert_eq!(poll(&mut guest, 1), [(100, 0, 0, 0, 0)]);
    assert!(start.elapsed() >= Duration::from_millis(150));
}

#[test]
fn polling_input_wakes_by_typing_by_clock_and_by_interrupt() {
    let Typing {
        mut guest,
        queue,
        interrupt,
        waits,
    } = typing();
    stream(&mut guest, 0, 1, 0);
    clock(&mut guest, 1, 1, 20 * MS, false);
    assert_eq!(poll(&mut guest, 2), [(101, 0, 0, 0, 0)]);
    assert_eq!(waits.load(Ordering::SeqCst), 1);
    clock(&mut guest, 1, 1, 60_000 * MS, false);
    let typist = after_ms(30, {
        let queue = queue.clone();
        move || queue.push(b"abc")
    });
    assert_eq!(poll(&mut guest, 2), [(100, 0, 1, 3, 0)]);
    typist.join().expect("ended");
    assert_eq!(guest.read(0, 3), Ok(b"abc".to_vec()));
    stream(&mut guest, 0, 1, 0);
    clock(&mut guest, 1, 1, 60_000 * MS, false);
    interrupt.raise();
    assert_eq!(try_poll(&mut guest, 2), Err(HostError::Interrupted));
    interrupt.clear();
    queue.close();
    assert_eq!(poll(&mut guest, 2), [(100, 0, 1, 0, 1)], "closed: hangup");
}

#[test]
fn a_pipe_in_a_mount_never_blocks_the_host() {
    let temp = tempdir().expect("a directory");
    let path = temp.path().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .expect("a pipe");
    let interrupt = Interrupt::default();
    let builder = WasiCtx::builder()
        .preopened_dir(temp.path(), "/")
        .interrupt(interrupt.clone());
    let mut guest = Guest::new(builder);
    let fd = guest
        .open(3, "pipe", 0, READ, 0)
        .expect("opened without a writer");
    let mut writer = std::fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("opened");
    interrupt.raise();
    guest.put_u32s(0x400, &[0x500, 10]);
    let call = [i64::from(fd), 0x400, 1, 0x440];
    assert_eq!(guest.try_call("fd_read", &call), Err(HostError::Interrupted));
    interrupt.clear();
    guest
        .call("fd_fdstat_set_flags", &[i64::from(fd), NONBLOCK])
        .expect("set");
    assert_eq!(guest.call("fd_read", &call), Err(errno::AGAIN));
    guest
        .call("fd_fdstat_set_flags", &[i64::from(fd), 0])
        .expect("set");
    writer.write_all(b"through").expect("written");
    assert_eq!(guest.read(fd, 100), Ok(b"through".to_vec()));
    drop(writer);
    assert_eq!(guest.read(fd, 100), Ok(vec![]), "no writer is left");
    assert_eq!(guest.seek(fd, 0, 0), Err(errno::SPIPE));
}
