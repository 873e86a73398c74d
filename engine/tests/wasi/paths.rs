//! Calls that take a path, used as they are meant.

use crate::guest::{APPEND, CREAT, DIRECTORY, EXCL, Guest, READ, TRUNC, WRITE, errno};
use std::fs;
use stepwell_engine::wasi::WasiCtx;
use tempfile::tempdir;

const DIR_TYPE: u8 = 3;
const FILE_TYPE: u8 = 4;
const LINK_TYPE: u8 = 7;

#[test]
fn opening_creates_truncates_and_refuses() {
    let temp = tempdir().expect("a directory");
    let mut guest = Guest::with_dir(temp.path());
    assert_eq!(guest.open(3, "file", 0, READ, 0), Err(errno::NOENT));
    let fd = guest.open(3, "file", CREAT | EXCL, WRITE, 0).expect("created");
    guest.write(fd, b"text").expect("written");
    assert_eq!(guest.open(3, "file", CREAT | EXCL, WRITE, 0), Err(errno::EXIST));
    guest.open(3, "file", CREAT, READ, 0).expect("there already");
    assert_eq!(guest.stat(3, false, "file"), Ok((FILE_TYPE, 4)));
    guest
        .open(3, "file", TRUNC, 0, 0)
        .expect("truncated without asking to write");
    assert_eq!(guest.stat(3, false, "file"), Ok((FILE_TYPE, 0)));
    guest
        .open(3, "file", CREAT | TRUNC, WRITE, APPEND)
        .expect("both at once");
    assert_eq!(guest.open(3, "file", DIRECTORY, READ, 0), Err(errno::NOTDIR));
    assert_eq!(guest.open(3, "file/", 0, READ, 0), Err(errno::NOTDIR));
    assert_eq!(guest.open(3, "file/x", 0, READ, 0), Err(errno::NOTDIR));
    assert_eq!(guest.open(3, "", 0, READ, 0), Err(errno::NOENT));
    assert_eq!(guest.open(3, "new/", CREAT, WRITE, 0), Err(errno::ISDIR));
    assert_eq!(guest.open(3, "x", CREAT | DIRECTORY, READ, 0), Err(errno::INVAL));
    assert_eq!(
        guest.open(3, "file", 16, READ, 0),
        Err(errno::INVAL),
        "unknown flag"
    );
    assert_eq!(
        guest.open(3, "file", 0, READ, 32),
        Err(errno::INVAL),
        "unknown flag"
    );
    assert_eq!(
        guest.open_with(3, 2, "file", 0, READ, 0),
        Err(errno::INVAL),
        "unknown flag"
    );
    assert_eq!(guest.open(fd, "file", 0, READ, 0), Err(errno::NOTDIR));
    assert_eq!(guest.open(99, "file", 0, READ, 0), Err(errno::BADF));
}

#[test]
fn directories_open_as_such() {
    let temp = tempdir().expect("a directory");
    fs::create_dir(temp.path().join("dir")).expect("created");
    let mut guest = Guest::with_dir(temp.path());
    for (path, oflags, rights) in [
        ("dir", DIRECTORY, READ),
        ("dir", 0, READ),
        ("dir/", 0, 0),
        ("dir//", DIRECTORY, !WRITE),
        (".", 0, 0),
    ] {
        let fd = guest.open(3, path, oflags, rights, 0).expect(path);
        guest.call("fd_fdstat_get", &[i64::from(fd), 0]).expect("fdstat");
        assert_eq!(guest.memory[0], DIR_TYPE);
        assert_eq!(
            guest.u64(8) & (1 << 1 | 1 << 2 | 1 << 6),
            0,
            "no reading, seeking, writing"
        );
        assert_eq!(guest.read(fd, 1), Err(errno::ISDIR));
        assert_eq!(guest.write(fd, b"x"), Err(errno::BADF));
    }
    assert_eq!(guest.open(3, "dir", 0, WRITE, 0), Err(errno::ISDIR));
    assert_eq!(
        guest.open(3, "dir", DIRECTORY, READ | WRITE, 0),
        Err(errno::ISDIR)
    );
    let dir = guest.open(3, "dir", DIRECTORY, READ, 0).expect("opened");
    let fd = guest
        .open(dir, "inside", CREAT, READ | WRITE, 0)
        .expect("what it hands down is enough");
    guest.write(fd, b"x").expect("written");
    assert!(temp.path().join("dir/inside").exists());
}

#[test]
fn a_deleted_file_lives_while_it_is_open() {
    let temp = tempdir().expect("a directory");
    let mut guest = Guest::with_dir(temp.path());
    let fd = guest.open(3, "file", CREAT, READ | WRITE, 0).expect("created");
    guest.path_call("path_unlink_file", 3, "file").expect("removed");
    guest.write(fd, b"still here").expect("written");
    guest.seek(fd, 0, 0).expect("rewound");
    assert_eq!(guest.read(fd, 99), Ok(b"still here".to_vec()));
    assert_eq!(guest.stat(3, false, "file"), Err(errno::NOENT));
}

#[test]
fn making_and_removing() {
    let temp = tempdir().expect("a directory");
    let mut guest = Guest::with_dir(temp.path());
    guest.path_call("path_create_directory", 3, "a").expect("created");
    guest
        .path_call("path_create_directory", 3, "a/b/")
        .expect("a trailing slash is fine");
    assert_eq!(
        guest.path_call("path_create_directory", 3, "a"),
        Err(errno::EXIST)
    );
    assert_eq!(
        guest.path_call("path_create_directory", 3, "x/y"),
        Err(errno::NOENT)
    );
    assert_eq!(
        guest.path_call("path_remove_directory", 3, "a"),
        Err(errno::NOTEMPTY)
    );
    assert_eq!(guest.path_call("path_unlink_file", 3, "a"), Err(errno::ISDIR));
    assert_eq!(guest.path_call("path_unlink_file", 3, "a/"), Err(errno::ISDIR));
    guest
        .path_call("path_remove_directory", 3, "a/b/")
        .expect("removed");
    guest.path_call("path_remove_directory", 3, "a").expect("removed");
    fs::write(temp.path().join("file"), "").expect("written");
    assert_eq!(
        guest.path_call("path_remove_directory", 3, "file"),
        Err(errno::NOTDIR)
    );
    assert_eq!(
        guest.path_call("path_remove_directory", 3, "file/"),
        Err(errno::NOTDIR)
    );
    assert_eq!(
        guest.path_call("path_unlink_file", 3, "file/"),
        Err(errno::NOTDIR)
    );
    guest.path_call("path_unlink_file", 3, "file").expect("removed");
    assert_eq!(guest.path_call("path_unlink_file", 3, "file"), Err(errno::NOENT));
    assert_eq!(fs::read_dir(temp.path()).expect("there").count(), 0);
}

#[test]
fn renaming_within_and_between_directories() {
    let (a, b) = (tempdir().expect("a directory"), tempdir().expect("a directory"));
    let mut guest = Guest::new(
        WasiCtx::builder()
            .preopened_dir(a.path(), "/a")
            .preopened_dir(b.path(), "/b"),
    );
    fs::write(a.path().join("file"), "text").expect("written");
    guest.rename(3, "file", 4, "moved").expect("renamed");
    assert_eq!(fs::read(b.path().join("moved")).expect("there"), b"text");
    assert!(!a.path().join("file").exists());
    fs::create_dir(b.path().join("dir")).expect("created");
    guest
        .rename(4, "dir/", 3, "there/")
        .expect("slashes are fine for directories");
    assert!(a.path().join("there").is_dir());
    assert_eq!(guest.rename(4, "moved/", 4, "x"), Err(errno::NOTDIR));
    assert_eq!(guest.rename(4, "moved", 4, "x/"), Err(errno::NOTDIR));
    assert_eq!(guest.rename(4, "moved", 3, "there"), Err(errno::ISDIR));
    assert_eq!(guest.rename(3, "there", 4, "moved"), Err(errno::NOTDIR));
    assert_eq!(guest.rename(4, "missing", 3, "x"), Err(errno::NOENT));
    assert_eq!(guest.rename(4, "moved", 9, "x"), Err(errno::BADF));
    fs::write(b.path().join("other"), "other").expect("written");
    guest.rename(4, "other", 4, "moved").expect("replaces");
    assert_eq!(fs::read(b.path().join("moved")).expect("there"), b"other");
}

#[test]
fn hard_links() {
    let temp = tempdir().expect("a directory");
    fs::write(temp.path().join("file"), "text").expect("written");
    fs::create_dir(temp.path().join("dir")).expect("created");
    let mut guest = Guest::with_dir(temp.path());
    guest.link(3, "file", 3, "dir/same").expect("linked");
    fs::write(temp.path().join("file"), "new").expect("written");
    assert_eq!(fs::read(temp.path().join("dir/same")).expect("there"), b"new");
    assert_eq!(guest.link(3, "file", 3, "dir"), Err(errno::EXIST));
    assert_eq!(guest.link(3, "file", 3, "x/"), Err(errno::NOENT));
    assert_eq!(guest.link(3, "file/", 3, "x"), Err(errno::NOTDIR));
    assert_eq!(guest.link(3, "missing", 3, "x"), Err(errno::NOENT));
    assert_eq!(guest.link(3, "dir", 3, "x"), Err(errno::PERM));
    // A symbolic link is linked itself, and following it is refused.
    guest.symlink("file", 3, "symlink").expect("linked");
    guest.link(3, "symlink", 3, "symlink2").expect("linked");
    assert_eq!(guest.stat(3, false, "symlink2").map(|s| s.0), Ok(LINK_TYPE));
    let ([a, b], [c, d]) = (guest.path("symlink"), guest.second_path("x"));
    assert_eq!(guest.call("path_link", &[3, 1, a, b, 3, c, d]), Err(errno::INVAL));
}

#[test]
fn symbolic_links() {
    let temp = tempdir().expect("a directory");
    let mut guest = Guest::with_dir(temp.path());
    guest
        .symlink("not/there/yet", 3, "link")
        .expect("the target is not looked at");
    assert_eq!(guest.readlink(3, "link", 100), Ok(b"not/there/yet".to_vec()));
    assert_eq!(guest.readlink(3, "link", 3), Ok(b"not".to_vec()), "cut off");
    assert_eq!(guest.readlink(3, "link", 0), Ok(vec![]));
    assert_eq!(guest.stat(3, false, "link").map(|s| s.0), Ok(LINK_TYPE));
    assert_eq!(guest.stat(3, true, "link"), Err(errno::NOENT));
    assert_eq!(guest.open(3, "link", 0, READ, 0), Err(errno::LOOP));
    assert_eq!(guest.symlink("x", 3, "link"), Err(errno::EXIST));
    assert_eq!(guest.symlink("x", 3, "new/"), Err(errno::NOENT));
    fs::create_dir_all(temp.path().join("not/there")).expect("created");
    fs::write(temp.path().join("not/there/yet"), "now").expect("written");
    assert_eq!(guest.stat(3, true, "link"), Ok((FILE_TYPE, 3)));
    let fd = guest.open_with(3, 1, "link", 0, READ, 0).expect("followed");
    assert_eq!(guest.read(fd, 9), Ok(b"now".to_vec()));
    assert_eq!(
        guest.readlink(3, "not/there/yet", 9),
        Err(errno::INVAL),
        "not a link"
    );
    assert_eq!(guest.readlink(3, "not/", 9), Err(errno::INVAL));
    guest.symlink("not", 3, "dirlink").expect("linked");
    assert_eq!(
        guest
            .open(3, "dirlink", DIRECTORY, READ, 0)
            .map_err(|e| [errno::LOOP, errno::NOTDIR].contains(&e)),
        Err(true)
    );
    guest
        .open_with(3, 1, "dirlink", DIRECTORY, READ, 0)
        .expect("followed");
    assert_eq!(
        guest.stat(3, false, "dirlink/").map(|s| s.0),
        Ok(DIR_TYPE),
        "a slash means what it leads to"
    );
    assert_eq!(guest.stat(3, false, "link/").map(|s| s.0), Err(errno::NOTDIR));
    guest.symlink("loop", 3, "loop").expect("linked");
    assert_eq!(guest.stat(3, true, "loop"), Err(errno::LOOP));
    assert_eq!(
        guest.path_call("path_remove_directory", 3, "dirlink/"),
        Err(errno::NOTDIR)
    );
    guest
        .path_call("path_unlink_file", 3, "dirlink")
        .expect("the link goes");
    assert!(temp.path().join("not").is_dir(), "its target stays");
}

#[test]
fn times_by_path() {
    let temp = tempdir().expect("a directory");
    fs::write(temp.path().join("file"), "").expect("written");
    std::os::unix::fs::symlink("file", temp.path().join("link")).expect("linked");
    let mut guest = Guest::with_dir(temp.path());
    let seconds = |path: &str, follow: bool| {
        let path = temp.path().join(path);
        let metadata = if follow {
            fs::metadata(path)
        } else {
            fs::symlink_metadata(path)
        };
        let modified = metadata.and_then(|m| m.modified()).expect("known");
        modified
            .duration_since(std::time::UNIX_EPOCH)
            .expect("after 1970")
            .as_secs()
    };
    let mut set = |follow: i64, path: &str, seconds: i64| {
        let [at, len] = guest.path(path);
        guest.call(
            "path_filestat_set_times",
            &[3, follow, at, len, 0, seconds * 1_000_000_000, 4],
        )
    };
    set(1, "link", 1000).expect("set");
    assert_eq!(seconds("file", true), 1000);
    set(0, "link", 2000).expect("set");
    assert_eq!((seconds("file", true), seconds("link", false)), (1000, 2000));
    assert_eq!(set(0, "file/", 1), Err(errno::NOTDIR));
    assert_eq!(set(0, "missing", 1), Err(errno::NOENT));
    assert_eq!(set(4, "file", 1), Err(errno::INVAL));
    let [at, len] = guest.path("file");
    assert_eq!(
        guest.call("path_filestat_set_times", &[3, 0, at, len, 0, 0, 3]),
        Err(errno::INVAL)
    );
}
