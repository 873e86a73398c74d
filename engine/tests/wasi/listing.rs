//! Preopened names and directory listings.

use crate::guest::{CREAT, DIRECTORY, Guest, READ, errno};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use stepwell_engine::wasi::WasiCtx;
use tempfile::{TempDir, tempdir};

/// One entry: next cookie, inode, type, name.
type Entry = (u64, u64, u8, Vec<u8>);

/// The whole entries in a piece of listing, and the number of bytes of a cut one.
fn parse(bytes: &[u8]) -> (Vec<Entry>, usize) {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while rest.len() >= 24 {
        let word = |at: usize| u64::from_le_bytes(rest[at..at + 8].try_into().expect("8 bytes"));
        let name_len = word(16) as u32 as usize;
        let Some(name) = rest.get(24..24 + name_len) else {
            break;
        };
        entries.push((word(0), word(8), rest[20], name.to_vec()));
        rest = &rest[24 + name_len..];
    }
    (entries, rest.len())
}

fn names(entries: &[Entry]) -> Vec<String> {
    let mut names: Vec<String> = entries
        .iter()
        .map(|e| String::from_utf8_lossy(&e.3).into_owned())
        .collect();
    names.sort();
    names
}

fn some_files() -> TempDir {
    let temp = tempdir().expect("a directory");
    fs::write(temp.path().join("file"), "x").expect("written");
    fs::create_dir(temp.path().join("dir")).expect("created");
    std::os::unix::fs::symlink("nowhere", temp.path().join("link")).expect("linked");
    temp
}

#[test]
fn a_listing_has_dots_types_and_inodes() {
    let temp = some_files();
    let mut guest = Guest::with_dir(temp.path());
    let (entries, cut) = parse(&guest.readdir(3, 4096, 0).expect("listed"));
    assert_eq!(cut, 0);
    assert_eq!((&entries[0].3[..], &entries[1].3[..]), (&b"."[..], &b".."[..]));
    assert_eq!(entries.iter().map(|e| e.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let by_name: BTreeMap<&[u8], (u64, u8)> = entries.iter().map(|e| (&e.3[..], (e.1, e.2))).collect();
    let inode = |name: &str| fs::symlink_metadata(temp.path().join(name)).expect("there").ino();
    assert_eq!(by_name[&b"."[..]], (inode("."), 3));
    assert_eq!(by_name[&b".."[..]], (inode("."), 3), "nothing of the outside");
    assert_eq!(by_name[&b"file"[..]], (inode("file"), 4));
    assert_eq!(by_name[&b"dir"[..]], (inode("dir"), 3));
    assert_eq!(by_name[&b"link"[..]], (inode("link"), 7));
    assert_eq!(by_name.len(), 5);
}

#[test]
fn any_buffer_size_gets_through_as_c_libraries_do_it() {
    let temp = some_files();
    for i in 0..50 {
        fs::write(temp.path().join(format!("{i:0>width$}", width = i + 1)), "").expect("written");
    }
    let mut guest = Guest::with_dir(temp.path());
    let (all, _) = parse(&guest.readdir(3, 16384, 0).expect("listed"));
    assert_eq!(all.len(), 55);
    for room in [75, 76, 100, 150, 1000] {
        let (mut seen, mut cookie) = (Vec::new(), 0);
        loop {
            let bytes = guest.readdir(3, room, cookie).expect("listed");
            let (entries, _) = parse(&bytes);
            cookie = entries.last().map_or(cookie, |e| e.0);
            let ended = bytes.len() < room as usize;
            assert!(
                ended || !entries.is_empty(),
                "room {room}: no progress at {cookie}"
            );
            seen.extend(entries);
            if ended {
                break;
            }
        }
        assert_eq!(seen, all, "room {room}");
    }
}

#[test]
fn a_cut_entry_fills_the_buffer_exactly() {
    let temp = some_files();
    let mut guest = Guest::with_dir(temp.path());
    let whole = guest.readdir(3, 4096, 0).expect("listed");
    for room in 0..whole.len() as u32 {
        let cut = guest.readdir(3, room, 0).expect("listed");
        assert_eq!(cut, whole[..room as usize], "room {room}");
    }
    assert_eq!(guest.readdir(3, whole.len() as u32, 0), Ok(whole));
    assert_eq!(guest.readdir(3, 4096, 5), Ok(vec![]), "at the end");
    assert_eq!(guest.readdir(3, 4096, u64::MAX), Ok(vec![]), "beyond the end");
}

#[test]
fn cookies_hold_while_files_come_and_go_and_rewinding_looks_again() {
    let temp = some_files();
    let mut guest = Guest::with_dir(temp.path());
    let (before, _) = parse(&guest.readdir(3, 4096, 0).expect("listed"));
    guest.path_call("path_unlink_file", 3, "file").expect("removed");
    guest.open(3, "new", CREAT, 0, 0).expect("created");
    let (rest, _) = parse(&guest.readdir(3, 4096, 2).expect("listed"));
    assert_eq!(rest, before[2..], "as it was when the listing began");
    let (after, _) = parse(&guest.readdir(3, 4096, 0).expect("listed"));
    assert_eq!(names(&after), [".", "..", "dir", "link", "new"]);
    // A descriptor of its own starts anywhere.
    let dir = guest.open(3, ".", DIRECTORY, READ, 0).expect("opened");
    let (from_three, _) = parse(&guest.readdir(dir, 4096, 3).expect("listed"));
    assert_eq!(from_three.len(), 2);
}

#[test]
fn names_that_are_not_utf8_can_be_listed_and_opened() {
    use std::os::unix::ffi::OsStrExt;
    let temp = tempdir().expect("a directory");
    let name = b"caf\xe9";
    fs::write(temp.path().join(std::ffi::OsStr::from_bytes(name)), "latin").expect("written");
    let mut guest = Guest::with_dir(temp.path());
    let (entries, _) = parse(&guest.readdir(3, 4096, 2).expect("listed"));
    assert_eq!(entries[0].3, name);
    let [at, len] = guest.path(name);
    guest
        .call("path_open", &[3, 0, at, len, 0, READ, 0, 0, 0])
        .expect("opened");
    let fd = guest.u32(0);
    assert_eq!(guest.read(fd, 10), Ok(b"latin".to_vec()));
}

#[test]
fn only_directories_are_listed() {
    let temp = some_files();
    let mut guest = Guest::with_dir(temp.path());
    let file = guest.open(3, "file", 0, READ, 0).expect("opened");
    assert_eq!(guest.readdir(file, 100, 0), Err(errno::BADF));
    assert_eq!(guest.readdir(0, 100, 0), Err(errno::BADF));
    assert_eq!(guest.readdir(9, 100, 0), Err(errno::BADF));
}

#[test]
fn preopened_directories_have_their_names() {
    let (a, b) = (tempdir().expect("a directory"), tempdir().expect("a directory"));
    let builder = WasiCtx::builder()
        .preopened_dir(a.path(), "/")
        .preopened_dir(b.path(), b"d\xff".to_vec());
    let mut guest = Guest::new(builder);
    for (fd, name) in [(3, &b"/"[..]), (4, b"d\xff")] {
        guest.call("fd_prestat_get", &[fd, 0]).expect("preopened");
        assert_eq!((guest.u32(0), guest.u32(4)), (0, name.len() as u32));
        guest.put(0x20, b"......");
        guest
            .call("fd_prestat_dir_name", &[fd, 0x20, 5])
            .expect("a larger buffer is fine");
        assert_eq!(guest.bytes(0x20, name.len() as u32), name);
        assert_eq!(
            guest.bytes(0x20 + name.len() as u32, 1),
            b".",
            "and is left alone behind"
        );
        let short = name.len() as i64 - 1;
        assert_eq!(
            guest.call("fd_prestat_dir_name", &[fd, 0x20, short]),
            Err(errno::NAMETOOLONG)
        );
    }
    for fd in [0, 1, 2, 5] {
        assert_eq!(guest.call("fd_prestat_get", &[fd, 0]), Err(errno::BADF));
        assert_eq!(guest.call("fd_prestat_dir_name", &[fd, 0, 10]), Err(errno::BADF));
    }
    let opened = i64::from(guest.open(3, ".", DIRECTORY, READ, 0).expect("opened"));
    assert_eq!(guest.call("fd_prestat_get", &[opened, 0]), Err(errno::BADF));
}
