//! Calls on an open descriptor: reading, writing, seeking, sizes, times, flags, rights, numbers.

use crate::guest::{APPEND, CREAT, DIRECTORY, EXCL, Guest, MEMORY_LEN, NONBLOCK, READ, TRUNC, WRITE, errno};
use std::fs;
use std::time::{Duration, UNIX_EPOCH};
use stepwell_engine::wasi::WasiCtx;
use tempfile::tempdir;

const RW: i64 = READ | WRITE;

#[test]
fn what_is_written_is_read() {
    let temp = tempdir().expect("a directory");
    let mut guest = Guest::with_dir(temp.path());
    let fd = guest.open(3, "file", CREAT, RW, 0).expect("created");
    assert_eq!(fd, 4);
    assert_eq!(guest.write(fd, b"hello world"), Ok(11));
    assert_eq!(guest.read(fd, 10), Ok(vec![]), "at the end");
    assert_eq!(guest.seek(fd, 6, 0), Ok(6));
    assert_eq!(guest.read(fd, 10), Ok(b"world".to_vec()));
    assert_eq!(fs::read(temp.path().join("file")).expect("there"), b"hello world");
    guest.close(fd).expect("closed");
    assert_eq!(guest.read(fd, 1), Err(errno::BADF));
    assert_eq!(guest.close(fd), Err(errno::BADF));
}

#[test]
fn buffers_are_filled_in_order_and_empty_ones_are_passed_over() {
    let temp = tempdir().expect("a directory");
    fs::write(temp.path().join("file"), "abcdefgh").expect("written");
    let mut guest = Guest::with_dir(temp.path());
    let fd = i64::from(guest.open(3, "file", 0, RW, 0).expect("opened"));
    // An empty buffer's address is not looked at, wherever it points.
    guest.put_u32s(0x400, &[0, 0, 0x500, 3, u32::MAX, 0, 0x600, 2, 0x510, 100]);
    guest
        .call("fd_read", &[fd, 0x400, 5, 0x420 + 0x20])
        .expect("read");
    assert_eq!(guest.u32(0x440), 8);
    assert_eq!(guest.bytes(0x500, 4), b"abc\0");
    assert_eq!(guest.bytes(0x600, 3), b"de\0");
    assert_eq!(guest.bytes(0x510, 4), b"fgh\0");
    guest.call("fd_read", &[fd, 0x400, 0, 0x440]).expect("no buffers");
    assert_eq!(guest.u32(0x440), 0);
    // Buffers that overlap each other and the result: the later one wins, the result is written last.
    guest.seek(fd as u32, 0, 0).expect("rewound");
    guest.put_u32s(0x400, &[0x500, 4, 0x502, 4]);
    guest.call("fd_read", &[fd, 0x400, 2, 0x500]).expect("read");
    assert_eq!(guest.u32(0x500), 8);
    assert_eq!(guest.bytes(0x504, 2), b"gh");
    guest.put_u32s(0x400, &[0x502, 2, 0x500, 0, 0x504, 2]);
    guest.put(0x500, b"__WXYZ");
    guest.call("fd_write", &[fd, 0x400, 3, 0x440]).expect("written");
    assert_eq!(guest.u32(0x440), 4);
    assert_eq!(
        fs::read(temp.path().join("file")).expect("there"),
        b"abcdefghWXYZ"
    );
}

#[test]
fn positioned_transfers_leave_the_position_alone() {
    let temp = tempdir().expect("a directory");
    let mut guest = Guest::with_dir(temp.path());
    let fd = guest.open(3, "file", CREAT | EXCL, RW, 0).expect("created");
    guest.write(fd, b"0123456789").expect("written");
    guest.put(0x500, b"AB");
    guest.put_u32s(0x400, &[0x500, 2]);
    guest
        .call("fd_pwrite", &[i64::from(fd), 0x400, 1, 4, 0x410])
        .expect("written");
    assert_eq!(guest.u32(0x410), 2);
    guest.put_u32s(0x400, &[0x600, 3, 0x610, 3]);
    guest
        .call("fd_pread", &[i64::from(fd), 0x400, 2, 3, 0x410])
        .expect("read");
    assert_eq!(guest.u32(0x410), 6);
    assert_eq!(
        (guest.bytes(0x600, 3), guest.bytes(0x610, 3)),
        (b"3AB".to_vec(), b"678".to_vec())
    );
    guest.call("fd_tell", &[i64::from(fd), 0x410]).expect("position");
    assert_eq!(guest.u64(0x410), 10);
    guest
        .call("fd_pread", &[i64::from(fd), 0x400, 1, 100, 0x410])
        .expect("beyond the end");
    assert_eq!(guest.u32(0x410), 0);
    assert_eq!(
        guest.call("fd_pread", &[i64::from(fd), 0x400, 1, -1, 0x410]),
        Err(errno::INVAL)
    );
    assert_eq!(
        guest.call("fd_pwrite", &[i64::from(fd), 0x400, 1, -1, 0x410]),
        Err(errno::INVAL)
    );
    for stream in [0, 1] {
        let name = if stream == 0 { "fd_pread" } else { "fd_pwrite" };
        assert_eq!(guest.call(name, &[stream, 0x400, 1, 0, 0x410]), Err(errno::SPIPE));
    }
}

#[test]
fn seeking() {
    let temp = tempdir().expect("a directory");
    fs::write(temp.path().join("file"), "12345").expect("written");
    let mut guest = Guest::with_dir(temp.path());
    let fd = guest.open(3, "file", 0, READ, 0).expect("opened");
    assert_eq!(guest.seek(fd, -2, 2), Ok(3));
    assert_eq!(guest.seek(fd, -1, 1), Ok(2));
    assert_eq!(guest.seek(fd, 100, 0), Ok(100));
    assert_eq!(guest.seek(fd, -1, 0), Err(errno::INVAL));
    assert_eq!(guest.seek(fd, -101, 1), Err(errno::INVAL));
    assert_eq!(guest.seek(fd, i64::MAX, 1), Err(errno::INVAL));
    assert_eq!(guest.seek(fd, 0, 3), Err(errno::INVAL));
    assert_eq!(guest.seek(fd, 0, 1), Ok(100), "errors move nothing");
    assert_eq!(guest.seek(3, 0, 0), Err(errno::BADF), "a directory");
    assert_eq!(guest.seek(1, 0, 0), Err(errno::SPIPE));
    assert_eq!(guest.seek(77, 0, 0), Err(errno::BADF));
}

#[test]
fn appending_by_flag_given_and_taken_away() {
    let temp = tempdir().expect("a directory");
    let mut guest = Guest::with_dir(temp.path());
    let fd = guest.open(3, "file", CREAT | TRUNC, RW, APPEND).expect("created");
    guest.write(fd, b"one").expect("written");
    assert_eq!(guest.seek(fd, 0, 0), Ok(0));
    guest.write(fd, b"two").expect("written");
    assert_eq!(guest.seek(fd, 0, 1), Ok(6), "the position follows");
    // Positioned writes go where they say, and leave the flag as it is.
    guest.put(0x500, b"X");
    guest.put_u32s(0x400, &[0x500, 1]);
    guest
        .call("fd_pwrite", &[i64::from(fd), 0x400, 1, 0, 0x410])
        .expect("written");
    guest.seek(fd, 0, 0).expect("rewound");
    guest.write(fd, b"!").expect("written");
    assert_eq!(fs::read(temp.path().join("file")).expect("there"), b"Xnetwo!");
    guest.call("fd_fdstat_get", &[i64::from(fd), 0]).expect("fdstat");
    assert_eq!((guest.memory[0], guest.u16(2)), (4, APPEND as u16));
    guest
        .call("fd_fdstat_set_flags", &[i64::from(fd), NONBLOCK])
        .expect("set");
    guest.seek(fd, 0, 0).expect("rewound");
    guest.write(fd, b"Y").expect("written");
    guest
        .call("fd_fdstat_set_flags", &[i64::from(fd), APPEND])
        .expect("set");
    guest.seek(fd, 0, 0).expect("rewound");
    guest.write(fd, b"?").expect("written");
    assert_eq!(fs::read(temp.path().join("file")).expect("there"), b"Ynetwo!?");
    assert_eq!(
        guest.call("fd_fdstat_set_flags", &[i64::from(fd), 2]),
        Err(errno::NOTSUP)
    );
    assert_eq!(
        guest.call("fd_fdstat_set_flags", &[i64::from(fd), 32]),
        Err(errno::INVAL)
    );
}

#[test]
fn the_access_mode_is_kept_and_told() {
    let temp = tempdir().expect("a directory");
    fs::write(temp.path().join("file"), "x").expect("written");
    let mut guest = Guest::with_dir(temp.path());
    for (rights, reads, writes) in [
        (READ, true, false),
        (WRITE, false, true),
        (RW, true, true),
        (0, false, false),
    ] {
        let fd = guest.open(3, "file", CREAT, rights, 0).expect("opened");
        assert_eq!(
            guest.read(fd, 1).map(|_| ()),
            if reads { Ok(()) } else { Err(errno::BADF) }
        );
        assert_eq!(
            guest.write(fd, b"x").map(|_| ()),
            if writes { Ok(()) } else { Err(errno::BADF) }
        );
        let set_size = guest.call("fd_filestat_set_size", &[i64::from(fd), 1]);
        assert_eq!(set_size, if writes { Ok(()) } else { Err(errno::INVAL) });
        let allocate = guest.call("fd_allocate", &[i64::from(fd), 0, 1]);
        assert_eq!(allocate, if writes { Ok(()) } else { Err(errno::BADF) });
        guest.call("fd_fdstat_get", &[i64::from(fd), 0]).expect("fdstat");
        let base = guest.u64(8) as i64;
        assert_eq!((base & READ != 0, base & WRITE != 0), (reads, writes));
        guest.close(fd).expect("closed");
    }
}

#[test]
fn rights_only_shrink() {
    let temp = tempdir().expect("a directory");
    fs::write(temp.path().join("file"), "x").expect("written");
    let mut guest = Guest::with_dir(temp.path());
    guest.call("fd_fdstat_get", &[3, 0]).expect("fdstat");
    let (base, inheriting) = (guest.u64(8) as i64, guest.u64(16) as i64);
    assert_eq!(
        guest.call("fd_fdstat_set_rights", &[3, base | 1 << 40, inheriting]),
        Err(errno::NOTCAPABLE)
    );
    guest
        .call(
            "fd_fdstat_set_rights",
            &[3, base & !(1 << 26), inheriting & !WRITE],
        )
        .expect("shrunk");
    assert_eq!(
        guest.call("fd_fdstat_set_rights", &[3, base, inheriting]),
        Err(errno::NOTCAPABLE)
    );
    assert_eq!(
        guest.path_call("path_unlink_file", 3, "file"),
        Err(errno::NOTCAPABLE)
    );
    assert_eq!(guest.open(3, "file", 0, RW, 0), Err(errno::NOTCAPABLE));
    guest
        .open(3, "file", 0, READ, 0)
        .expect("reading is still allowed");
}

#[test]
fn a_read_only_directory_cannot_be_changed_in_any_way() {
    let temp = tempdir().expect("a directory");
    fs::write(temp.path().join("file"), "keep").expect("written");
    fs::create_dir(temp.path().join("dir")).expect("created");
    let mut guest = Guest::new(WasiCtx::builder().preopened_dir_read_only(temp.path(), "/"));
    let dir = guest.open(3, "dir", DIRECTORY, READ, 0).expect("opened");
    for at in [3, dir] {
        assert_eq!(guest.open(at, "new", CREAT, WRITE, 0), Err(errno::NOTCAPABLE));
        assert_eq!(
            guest.path_call("path_create_directory", at, "new"),
            Err(errno::NOTCAPABLE)
        );
        assert_eq!(guest.symlink("x", at, "new"), Err(errno::NOTCAPABLE));
    }
    assert_eq!(guest.open(3, "file", TRUNC, 0, 0), Err(errno::NOTCAPABLE));
    assert_eq!(guest.open(3, "file", 0, WRITE, 0), Err(errno::NOTCAPABLE));
    assert_eq!(guest.rename(3, "file", 3, "new"), Err(errno::NOTCAPABLE));
    assert_eq!(guest.link(3, "file", 3, "new"), Err(errno::NOTCAPABLE));
    assert_eq!(
        guest.path_call("path_unlink_file", 3, "file"),
        Err(errno::NOTCAPABLE)
    );
    assert_eq!(
        guest.path_call("path_remove_directory", 3, "dir"),
        Err(errno::NOTCAPABLE)
    );
    let [at, len] = guest.path("file");
    assert_eq!(
        guest.call("path_filestat_set_times", &[3, 0, at, len, 0, 0, 5]),
        Err(errno::NOTCAPABLE)
    );
    let fd = guest.open(3, "file", 0, READ, 0).expect("opened");
    assert_eq!(
        guest.call("fd_filestat_set_times", &[i64::from(fd), 0, 0, 5]),
        Err(errno::NOTCAPABLE)
    );
    assert_eq!(
        guest.call("fd_filestat_set_times", &[3, 0, 0, 5]),
        Err(errno::NOTCAPABLE)
    );
    assert_eq!(
        guest.call("fd_filestat_set_size", &[i64::from(fd), 0]),
        Err(errno::INVAL)
    );
    assert_eq!(guest.read(fd, 10), Ok(b"keep".to_vec()));
    assert_eq!(fs::read_dir(temp.path()).expect("there").count(), 2);
}

#[test]
fn sizes_and_allocation() {
    let temp = tempdir().expect("a directory");
    let mut guest = Guest::with_dir(temp.path());
    let fd = i64::from(guest.open(3, "file", CREAT, RW, 0).expect("created"));
    let size = || fs::metadata(temp.path().join("file")).expect("there").len();
    guest.call("fd_filestat_set_size", &[fd, 100]).expect("grown");
    assert_eq!(size(), 100);
    match guest.call("fd_allocate", &[fd, 90, 20]) {
        Ok(()) => {
            assert_eq!(size(), 110);
            guest.call("fd_allocate", &[fd, 0, 10]).expect("within");
            assert_eq!(size(), 110);
        }
        // Not every file system can.
        Err(number) => assert_eq!(number, errno::NOTSUP),
    }
    assert_eq!(guest.call("fd_allocate", &[fd, -1, 10]), Err(errno::INVAL));
    assert_eq!(guest.call("fd_filestat_set_size", &[fd, -1]), Err(errno::INVAL));
    guest.call("fd_filestat_set_size", &[fd, 3]).expect("cut");
    assert_eq!(size(), 3);
    guest.call("fd_sync", &[fd]).expect("synced");
    guest.call("fd_datasync", &[fd]).expect("synced");
    guest.call("fd_sync", &[3]).expect("synced");
    for advice in 0..6 {
        guest.call("fd_advise", &[fd, 0, 10, advice]).expect("advised");
    }
    assert_eq!(guest.call("fd_advise", &[fd, 0, 0, 6]), Err(errno::INVAL));
    assert_eq!(guest.call("fd_advise", &[fd, -1, 0, 0]), Err(errno::INVAL));
    assert_eq!(guest.call("fd_advise", &[1, 0, 0, 0]), Err(errno::SPIPE));
    assert_eq!(guest.call("fd_sync", &[1]), Err(errno::INVAL));
    assert_eq!(guest.call("fd_filestat_set_size", &[3, 0]), Err(errno::INVAL));
}

#[test]
fn a_record_tells_what_the_host_knows() {
    let temp = tempdir().expect("a directory");
    let path = temp.path().join("file");
    fs::write(&path, "12345").expect("written");
    fs::hard_link(&path, temp.path().join("other")).expect("linked");
    let mut guest = Guest::with_dir(temp.path());
    let fd = i64::from(guest.open(3, "file", 0, RW, 0).expect("opened"));
    guest
        .call(
            "fd_filestat_set_times",
            &[fd, 1_000_000_007, 2_000_000_009, 1 | 4],
        )
        .expect("set");
    guest.call("fd_filestat_get", &[fd, 0x100]).expect("filestat");
    let metadata = fs::metadata(&path).expect("there");
    use std::os::unix::fs::MetadataExt;
    assert_eq!(
        (guest.u64(0x100), guest.u64(0x108)),
        (metadata.dev(), metadata.ino())
    );
    assert_eq!(
        (guest.memory[0x110], guest.u64(0x118), guest.u64(0x120)),
        (4, 2, 5)
    );
    assert_eq!(
        (guest.u64(0x128), guest.u64(0x130)),
        (1_000_000_007, 2_000_000_009)
    );
    assert_eq!(
        metadata.modified().expect("known"),
        UNIX_EPOCH + Duration::from_nanos(2_000_000_009)
    );
    guest.call("fd_filestat_get", &[3, 0x100]).expect("filestat");
    assert_eq!(guest.memory[0x110], 3);
    // One time now, the other as it was.
    guest.call("fd_filestat_set_times", &[fd, 0, 0, 8]).expect("set");
    guest.call("fd_filestat_get", &[fd, 0x100]).expect("filestat");
    assert_eq!(guest.u64(0x128), 1_000_000_007);
    assert!(guest.u64(0x130) > 1_600_000_000_000_000_000);
    for flags in [1 | 2, 4 | 8, 16] {
        assert_eq!(
            guest.call("fd_filestat_set_times", &[fd, 0, 0, flags]),
            Err(errno::INVAL)
        );
    }
    assert_eq!(
        guest.call("fd_filestat_get", &[fd, MEMORY_LEN as i64 - 63]),
        Err(errno::FAULT)
    );
}

#[test]
fn renumbering_moves_and_closes() {
    let temp = tempdir().expect("a directory");
    fs::write(temp.path().join("a"), "A").expect("written");
    fs::write(temp.path().join("b"), "B").expect("written");
    let mut guest = Guest::with_dir(temp.path());
    let a = guest.open(3, "a", 0, READ, 0).expect("opened");
    let b = guest.open(3, "b", 0, READ, 0).expect("opened");
    guest
        .call("fd_renumber", &[i64::from(a), i64::from(b)])
        .expect("renumbered");
    assert_eq!(guest.read(b, 9), Ok(b"A".to_vec()));
    assert_eq!(guest.read(a, 9), Err(errno::BADF));
    assert_eq!(
        guest.call("fd_renumber", &[i64::from(b), i64::from(a)]),
        Err(errno::BADF)
    );
    assert_eq!(
        guest.call("fd_renumber", &[i64::from(a), i64::from(b)]),
        Err(errno::BADF)
    );
    guest
        .call("fd_renumber", &[i64::from(b), i64::from(b)])
        .expect("onto itself");
    assert_eq!(guest.seek(b, 0, 0), Ok(0), "and still open");
    assert_eq!(guest.open(3, "b", 0, READ, 0), Ok(a), "the lowest free number");
    // A standard stream can be replaced, and a preopened directory loses its name with its number.
    guest.call("fd_renumber", &[i64::from(a), 0]).expect("renumbered");
    assert_eq!(guest.read(0, 9), Ok(b"B".to_vec()));
    let dir = guest.open(3, ".", DIRECTORY, READ, 0).expect("opened");
    guest.call("fd_prestat_get", &[3, 0]).expect("preopened");
    guest
        .call("fd_renumber", &[i64::from(dir), 3])
        .expect("renumbered");
    assert_eq!(guest.call("fd_prestat_get", &[3, 0]), Err(errno::BADF));
    guest.open(3, "a", 0, READ, 0).expect("still a directory");
}

#[test]
fn there_are_no_sockets() {
    let mut guest = Guest::new(WasiCtx::builder());
    for fd in [0, 1, 2] {
        assert_eq!(guest.call("sock_shutdown", &[fd, 0]), Err(errno::NOTSOCK));
        assert_eq!(guest.call("sock_accept", &[fd, 0, 0]), Err(errno::NOTSOCK));
        assert_eq!(guest.call("sock_recv", &[fd, 0, 0, 0, 0, 0]), Err(errno::NOTSOCK));
        assert_eq!(guest.call("sock_send", &[fd, 0, 0, 0, 0]), Err(errno::NOTSOCK));
    }
    assert_eq!(guest.call("sock_shutdown", &[3, 0]), Err(errno::BADF));
}
