//! A mount is a sandbox: nothing leads out of it, and nothing outside is changed by trying.

use crate::guest::{CREAT, DIRECTORY, Guest, READ, TRUNC, WRITE, errno};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use tempfile::{TempDir, tempdir};

/// A directory with `inside/` (the mount) beside `secret` and `outside/`.
struct Place {
    temp: TempDir,
}

impl Place {
    fn new() -> Place {
        let temp = tempdir().expect("a directory");
        fs::create_dir(temp.path().join("inside")).expect("created");
        fs::create_dir(temp.path().join("inside/dir")).expect("created");
        fs::create_dir(temp.path().join("outside")).expect("created");
        fs::write(temp.path().join("outside/file"), "keep").expect("written");
        fs::write(temp.path().join("secret"), "secret").expect("written");
        Place { temp }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.temp.path().join(path)
    }

    fn guest(&self) -> Guest {
        Guest::with_dir(&self.at("inside"))
    }

    /// Everything outside is as it was made.
    fn check(&self) {
        assert_eq!(fs::read(self.at("secret")).expect("there"), b"secret");
        assert_eq!(fs::read(self.at("outside/file")).expect("there"), b"keep");
        assert_eq!(fs::read_dir(self.at("outside")).expect("there").count(), 1);
        assert_eq!(fs::read_dir(self.at("")).expect("there").count(), 3);
    }
}

/// Every way of using `path` as one that leads to a file or directory outside fails.
fn refuse_everywhere(place: &Place, guest: &mut Guest, path: &str) {
    let denied = |outcome: Result<(), u16>, what: &str| {
        let number = outcome.expect_err(&format!("{what} of {path}"));
        let fair = [
            errno::PERM,
            errno::LOOP,
            errno::NOTDIR,
            // What the system says of creating a name that ends in a slash, before it looks where that leads.
            errno::ISDIR,
            errno::NOTCAPABLE,
            errno::NOENT,
        ];
        assert!(fair.contains(&number), "{what} of {path}: {number}");
    };
    for lookup in [0, 1] {
        for (oflags, rights) in [
            (0, READ),
            (0, WRITE),
            (0, 0),
            (CREAT, WRITE),
            (TRUNC, 0),
            (CREAT | TRUNC, READ | WRITE),
            (DIRECTORY, READ),
        ] {
            denied(
                guest.open_with(3, lookup, path, oflags, rights, 0).map(|_| ()),
                "open",
            );
        }
        let [at, len] = guest.path(path);
        if lookup == 1 {
            denied(guest.stat(3, true, path).map(|_| ()), "stat");
            denied(
                guest.call("path_filestat_set_times", &[3, 1, at, len, 0, 0, 5]),
                "set_times",
            );
        }
    }
    place.check();
}

#[test]
fn dots_and_absolute_paths_do_not_get_out() {
    let place = Place::new();
    let mut guest = place.guest();
    let absolute = place.at("secret").to_string_lossy().into_owned();
    for path in [
        "../secret",
        "../outside/file",
        "dir/../../secret",
        "./../secret",
        "..//secret",
        "../secret/",
        "../inside/../secret",
        "/etc/passwd",
        "//etc/passwd",
        "/",
        "..",
        "../",
        "dir/../..",
        absolute.as_str(),
    ] {
        refuse_everywhere(&place, &mut guest, path);
        for name in [
            "path_create_directory",
            "path_unlink_file",
            "path_remove_directory",
        ] {
            assert!(guest.path_call(name, 3, path).is_err(), "{name} {path}");
        }
        fs::write(place.at("inside/own"), "own").expect("written");
        assert!(guest.rename(3, path, 3, "stolen").is_err(), "{path}");
        assert!(guest.rename(3, "own", 3, path).is_err(), "{path}");
        assert!(guest.link(3, path, 3, "stolen").is_err(), "{path}");
        assert!(guest.link(3, "own", 3, path).is_err(), "{path}");
        assert!(guest.symlink("x", 3, path).is_err(), "{path}");
        assert!(guest.readlink(3, path, 100).is_err(), "{path}");
        place.check();
    }
    // Going up and down again inside is fine.
    guest.open(3, "dir/../dir/./..//own", 0, READ, 0).expect("inside");
}

#[test]
fn links_do_not_get_out() {
    let place = Place::new();
    let inside = |name: &str| place.at("inside").join(name);
    symlink("../secret", inside("relative")).expect("linked");
    symlink(place.at("secret"), inside("absolute")).expect("linked");
    symlink("relative", inside("twice")).expect("linked");
    symlink("..", inside("up")).expect("linked");
    symlink("/", inside("root")).expect("linked");
    symlink("../outside", inside("dirlink")).expect("linked");
    symlink("../../secret", inside("dir/deep")).expect("linked");
    symlink("../outside/new", inside("dangling")).expect("linked");
    let mut guest = place.guest();
    for path in [
        "relative",
        "absolute",
        "twice",
        "up/secret",
        "root/etc/passwd",
        "dirlink/file",
        "dir/deep",
        "dangling",
        "relative/",
        "up/",
        "up",
        "dirlink/",
        "dirlink/.",
        "dirlink",
        "root/",
    ] {
        refuse_everywhere(&place, &mut guest, path);
    }
    for path in ["up/new", "dirlink/new", "dirlink/file", "root/tmp/new"] {
        assert!(
            guest.path_call("path_create_directory", 3, path).is_err(),
            "{path}"
        );
        assert!(guest.path_call("path_unlink_file", 3, path).is_err(), "{path}");
        assert!(guest.symlink("x", 3, path).is_err(), "{path}");
        fs::write(inside("own"), "own").expect("written");
        assert!(guest.rename(3, "own", 3, path).is_err(), "{path}");
        assert!(guest.rename(3, path, 3, "stolen").is_err(), "{path}");
        assert!(guest.link(3, "own", 3, path).is_err(), "{path}");
        assert!(guest.link(3, path, 3, "stolen").is_err(), "{path}");
    }
    place.check();
    // The links themselves are the guest's: it may look at them and remove them.
    assert_eq!(guest.readlink(3, "relative", 100), Ok(b"../secret".to_vec()));
    assert_eq!(
        guest.readlink(3, "absolute", 100),
        Err(errno::PERM),
        "host paths are not told"
    );
    guest
        .path_call("path_unlink_file", 3, "relative")
        .expect("removed");
    place.check();
}

#[test]
fn links_the_guest_makes_do_not_get_out() {
    let place = Place::new();
    let mut guest = place.guest();
    guest
        .symlink("../secret", 3, "out")
        .expect("its target is not looked at");
    refuse_everywhere(&place, &mut guest, "out");
    assert_eq!(guest.symlink("/etc/passwd", 3, "absolute"), Err(errno::PERM));
    // A link that was harmless where it was made leads out where it is moved to.
    guest.symlink("../dir", 3, "dir/fine").expect("linked");
    guest.rename(3, "dir/fine", 3, "moved").expect("renamed");
    refuse_everywhere(&place, &mut guest, "moved/x");
    // A hard link to a link is a link. (From `dir` it would lead to `inside/secret`, which is allowed.)
    guest.link(3, "out", 3, "again").expect("linked");
    refuse_everywhere(&place, &mut guest, "again");
}

#[test]
fn a_subdirectory_s_descriptor_is_a_sandbox_of_its_own() {
    let place = Place::new();
    let mut guest = place.guest();
    fs::write(place.at("inside/own"), "own").expect("written");
    let dir = guest.open(3, "dir", DIRECTORY, READ, 0).expect("opened");
    assert_eq!(guest.open(dir, "../own", 0, READ, 0), Err(errno::PERM));
    // Moved away, it still leads nowhere else.
    fs::rename(place.at("inside/dir"), place.at("inside/elsewhere")).expect("renamed");
    assert_eq!(guest.open(dir, "../own", 0, READ, 0), Err(errno::PERM));
    guest.open(dir, "new", CREAT, WRITE, 0).expect("created");
    assert!(place.at("inside/elsewhere/new").exists());
}

#[test]
fn paths_that_are_no_paths() {
    let place = Place::new();
    let mut guest = place.guest();
    assert_eq!(guest.open(3, "a\0b", CREAT, WRITE, 0), Err(errno::ILSEQ));
    assert_eq!(guest.symlink("a\0b", 3, "link"), Err(errno::ILSEQ));
    assert_eq!(guest.path_call("path_create_directory", 3, ""), Err(errno::NOENT));
    assert_eq!(guest.stat(3, true, ""), Err(errno::NOENT));
    let long = "x/".repeat(2048) + "x";
    assert_eq!(guest.stat(3, true, &long[..4097]), Err(errno::NAMETOOLONG));
    assert_eq!(guest.stat(3, true, &"y".repeat(256)), Err(errno::NAMETOOLONG));
}
