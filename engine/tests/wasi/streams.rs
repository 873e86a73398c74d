//! Standard input, output and error.

use crate::guest::{Guest, NONBLOCK, errno};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use stepwell_engine::runtime::host::HostError;
use stepwell_engine::runtime::host::Interrupt;
use stepwell_engine::wasi::{Input, Output, StdinQueue, WasiCtx};

#[test]
fn output_is_captured_in_pieces_and_in_order() {
    let pieces = Arc::new(Mutex::new(Vec::new()));
    let sink = |name: &'static str| {
        let pieces = Arc::clone(&pieces);
        Output::callback(move |bytes| {
            pieces
                .lock()
                .expect("not poisoned")
                .push((name, String::from_utf8_lossy(bytes).into_owned()));
        })
    };
    let mut guest = Guest::new(WasiCtx::builder().stdout(sink("out")).stderr(sink("err")));
    assert_eq!(guest.write(1, b"one"), Ok(3));
    assert_eq!(guest.write(2, b"two"), Ok(3));
    assert_eq!(guest.write(1, b""), Ok(0));
    guest.put(0x500, b"threefour");
    guest.put_u32s(0x400, &[0x500, 5, 0x505, 4]);
    guest.call("fd_write", &[1, 0x400, 2, 0x440]).expect("written");
    assert_eq!(guest.u32(0x440), 9);
    let expected = [("out", "one"), ("err", "two"), ("out", "three"), ("out", "four")];
    assert_eq!(
        *pieces.lock().expect("not poisoned"),
        expected.map(|(n, t)| (n, t.to_owned()))
    );
    assert_eq!(guest.write(0, b"x"), Err(errno::BADF));
    assert_eq!(guest.read(1, 1), Err(errno::BADF));
    guest.close(1).expect("closed");
    assert_eq!(guest.write(1, b"x"), Err(errno::BADF));
}

#[test]
fn streams_look_like_what_they_are() {
    let mut guest = Guest::new(
        WasiCtx::builder()
            .stdin(Input::queue(StdinQueue::new()))
            .stdout(Output::callback(|_| {})),
    );
    for (fd, file_type) in [(0, 2), (1, 2), (2, 0)] {
        guest.call("fd_fdstat_get", &[fd, 0]).expect("fdstat");
        assert_eq!(
            guest.memory[0], file_type,
            "a person's terminal, or nothing known"
        );
        assert_eq!(
            guest.u64(8) & (1 << 2 | 1 << 5),
            0,
            "no seek and tell: that is how libc knows a terminal"
        );
        guest.call("fd_filestat_get", &[fd, 0x40]).expect("filestat");
        assert_eq!(guest.memory[0x50], file_type);
    }
}

/// A sink with little room.
struct Small {
    room: Arc<Mutex<usize>>,
    kind: io::ErrorKind,
}

impl Write for Small {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut room = self.room.lock().expect("not poisoned");
        let fits = bytes.len().min(*room);
        *room -= fits;
        if fits == 0 && !bytes.is_empty() {
            Err(self.kind.into())
        } else {
            Ok(fits)
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_sink_makes_the_guest_wait_until_there_is_room_or_an_interrupt() {
    let room = Arc::new(Mutex::new(5));
    let interrupt = Interrupt::default();
    let sink = Small {
        room: Arc::clone(&room),
        kind: io::ErrorKind::WouldBlock,
    };
    let builder = WasiCtx::builder()
        .stdout(Output::writer(sink))
        .interrupt(interrupt.clone());
    let mut guest = Guest::new(builder);
    assert_eq!(guest.write(1, b"0123456789"), Ok(5), "what there was room for");
    interrupt.raise();
    guest.put_u32s(0x400, &[0x500, 3]);
    let again = [1, 0x400, 1, 0x440];
    assert_eq!(guest.try_call("fd_write", &again), Err(HostError::Interrupted));
    assert_eq!(guest.try_call("fd_write", &again), Err(HostError::Interrupted));
    interrupt.clear();
    guest.call("fd_fdstat_set_flags", &[1, NONBLOCK]).expect("set");
    assert_eq!(guest.call("fd_write", &again), Err(errno::AGAIN));
    guest.call("fd_fdstat_set_flags", &[1, 0]).expect("set");
    let later = std::thread::spawn({
        let room = Arc::clone(&room);
        move || {
            std::thread::sleep(std::time::Duration::from_millis(30));
            *room.lock().expect("not poisoned") = 100;
        }
    });
    guest.call("fd_write", &again).expect("written in the end");
    assert_eq!(guest.u32(0x440), 3);
    later.join().expect("ended");
}

#[test]
fn a_broken_sink_is_the_guest_s_error() {
    let sink = Small {
        room: Arc::default(),
        kind: io::ErrorKind::BrokenPipe,
    };
    let mut guest = Guest::new(WasiCtx::builder().stdout(Output::writer(sink)));
    assert_eq!(guest.write(1, b"x"), Err(errno::PIPE));
}

#[test]
fn input_ends_at_once_if_there_is_none() {
    let mut guest = Guest::new(WasiCtx::builder());
    assert_eq!(guest.read(0, 10), Ok(vec![]));
    assert_eq!(guest.write(1, b"thrown away"), Ok(11));
}

#[test]
fn input_is_read_as_it_comes() {
    let queue = StdinQueue::new();
    let mut guest = Guest::new(WasiCtx::builder().stdin(Input::queue(queue.clone())));
    queue.push(b"first line\n");
    assert_eq!(guest.read(0, 5), Ok(b"first".to_vec()));
    assert_eq!(guest.read(0, 100), Ok(b" line\n".to_vec()));
    assert_eq!(guest.read(0, 0), Ok(vec![]), "no room, so no waiting");
    guest.call("fd_fdstat_set_flags", &[0, NONBLOCK]).expect("set");
    assert_eq!(guest.read(0, 1), Err(errno::AGAIN));
    queue.close();
    assert_eq!(guest.read(0, 1), Ok(vec![]));
}
