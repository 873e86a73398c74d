//! Every function with addresses, lengths, descriptors and flags that make no sense: an error number, never a panic.

use crate::guest::{Guest, MEMORY_LEN, READ, WRITE, errno};
use std::fs;
use stepwell_engine::types::ValType;
use stepwell_engine::wasi::{WasiCtx, host_funcs};
use tempfile::tempdir;

fn signatures() -> Vec<(String, Vec<ValType>)> {
    host_funcs(WasiCtx::builder().build().expect("valid"))
        .into_iter()
        .filter(|f| f.field != "proc_exit")
        .map(|f| (f.field, f.ty.params))
        .collect()
}

#[test]
fn odd_arguments_in_every_place_end_in_an_error_number() {
    let temp = tempdir().expect("a directory");
    fs::create_dir(temp.path().join("mount")).expect("created");
    fs::write(temp.path().join("mount/file"), "text").expect("written");
    let end = MEMORY_LEN as i64;
    let odd = [
        0,
        1,
        3,
        4,
        5,
        8,
        0x100,
        end - 1,
        end,
        end + 1,
        1 << 31,
        -1,
        -8,
        i64::MIN,
        i64::MAX,
    ];
    // A fixed sequence: every failure can be repeated.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for (name, params) in signatures() {
        for _ in 0..400 {
            let mut guest = Guest::with_dir(&temp.path().join("mount"));
            guest.open(3, "file", 0, READ | WRITE, 0).expect("opened");
            // Lengths and times must be small enough to end soon, whatever they are taken for.
            for byte in &mut guest.memory {
                *byte = if next() % 4 == 0 { (next() % 5) as u8 } else { 0 };
            }
            let mut args: Vec<i64> = params
                .iter()
                .map(|_| odd[(next() % odd.len() as u64) as usize])
                .collect();
            if name == "fd_allocate" || name == "fd_filestat_set_size" {
                // Do not fill the disk of whoever runs this.
                args[1] = args[1].min(1 << 20);
            }
            if name == "fd_allocate" {
                args[2] = args[2].min(1 << 20);
            }
            if name == "poll_oneoff" {
                // Clock subscriptions that are due at once.
                guest.memory.fill(0);
            }
            guest
                .try_call(&name, &args)
                .unwrap_or_else(|e| panic!("{name} {args:?}: {e:?}"));
            for range in &guest.written {
                assert!(range.end <= MEMORY_LEN, "{name} {args:?}");
            }
        }
    }
}

#[test]
fn a_result_that_does_not_fit_is_found_before_anything_is_done() {
    let temp = tempdir().expect("a directory");
    fs::write(temp.path().join("file"), "text").expect("written");
    let mut guest = Guest::with_dir(temp.path());
    let fd = i64::from(guest.open(3, "file", 0, READ | WRITE, 0).expect("opened"));
    let outside = MEMORY_LEN as i64 - 3;
    guest.put_u32s(0, &[0x100, 2]);
    for name in ["fd_read", "fd_write"] {
        assert_eq!(guest.call(name, &[fd, 0, 1, outside]), Err(errno::FAULT));
    }
    for name in ["fd_pread", "fd_pwrite"] {
        assert_eq!(guest.call(name, &[fd, 0, 1, 0, outside]), Err(errno::FAULT));
    }
    assert_eq!(guest.call("fd_seek", &[fd, 2, 0, outside]), Err(errno::FAULT));
    assert_eq!(guest.seek(fd as u32, 0, 1), Ok(0), "the position did not move");
    assert_eq!(fs::read(temp.path().join("file")).expect("there"), b"text");
    let [at, len] = guest.path("new");
    assert_eq!(
        guest.call("path_open", &[3, 0, at, len, 1, WRITE, 0, 0, outside]),
        Err(errno::FAULT)
    );
    assert!(!temp.path().join("new").exists());
    assert_eq!(
        guest.open(3, "file", 0, READ, 0),
        Ok(5),
        "no descriptor was used up"
    );
    assert_eq!(
        guest.call("fd_readdir", &[3, 0, 100, 0, outside]),
        Err(errno::FAULT)
    );
}

#[test]
fn buffers_outside_memory_fault_before_bytes_move() {
    let temp = tempdir().expect("a directory");
    fs::write(temp.path().join("file"), "text").expect("written");
    let mut guest = Guest::with_dir(temp.path());
    let fd = i64::from(guest.open(3, "file", 0, READ | WRITE, 0).expect("opened"));
    let end = MEMORY_LEN as u32;
    for bad in [
        [end, 1],
        [end - 1, 2],
        [u32::MAX, 1],
        [u32::MAX, u32::MAX],
        [0x100, u32::MAX],
    ] {
        guest.put_u32s(0, &[0x100, 2, bad[0], bad[1]]);
        for name in ["fd_read", "fd_write"] {
            let number = guest.call(name, &[fd, 0, 2, 0x40]).expect_err("bad");
            assert!(
                [errno::FAULT, errno::INVAL].contains(&number),
                "{name} {bad:?}: {number}"
            );
        }
    }
    assert_eq!(guest.seek(fd as u32, 0, 1), Ok(0));
    assert_eq!(fs::read(temp.path().join("file")).expect("there"), b"text");
    let array_over_the_end = [fd, i64::from(end) - 8, 2, 0x40];
    assert_eq!(guest.call("fd_read", &array_over_the_end), Err(errno::FAULT));
    assert_eq!(
        guest.call("fd_read", &[fd, 0, 1025, 0x40]),
        Err(errno::INVAL),
        "too many"
    );
    assert_eq!(guest.call("fd_read", &[fd, 0, -1, 0x40]), Err(errno::INVAL));
    assert_eq!(guest.call("poll_oneoff", &[0, 0, -1, 0x40]), Err(errno::INVAL));
    assert_eq!(
        guest.call("poll_oneoff", &[i64::from(end) - 47, 0, 1, 0x40]),
        Err(errno::FAULT)
    );
    guest.memory.fill(0);
    assert_eq!(
        guest.call("poll_oneoff", &[0, i64::from(end) - 31, 1, 0x40]),
        Err(errno::FAULT)
    );
    assert_eq!(
        guest.call("poll_oneoff", &[0, 0x100, 1, i64::from(end) - 3]),
        Err(errno::FAULT)
    );
}
