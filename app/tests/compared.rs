//! `stepwell run` gives what another engine gives: the guests of `assets/guests/compared` print what they printed on
//! wasmtime (`assets/guests/build.sh` says how), compiled and interpreted.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn guest(name: &str, extension: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../assets/guests/compared")
        .join(name)
        .with_extension(extension)
}

/// Runs a guest on one of the two engines, with options before it and its arguments after.
fn run(engine: &[&str], options: &[&OsStr], name: &str, args: &[&str]) -> Output {
    let input = guest(name, "in");
    let stdin = File::open(input).map_or(Stdio::null(), Stdio::from);
    Command::new(env!("CARGO_BIN_EXE_stepwell"))
        .arg("run")
        .args(engine)
        .args(options)
        .arg(guest(name, "wasm"))
        .args(args)
        .stdin(stdin)
        .output()
        .expect("it starts")
}

/// That the guest ended with this code after it printed what it has to, and that standard error holds this.
fn same(output: &Output, name: &str, code: i32, stderr: &str) {
    let expected = fs::read_to_string(guest(name, "out")).expect("its expected output");
    let printed = String::from_utf8_lossy(&output.stdout);
    for (number, (ours, theirs)) in (1..).zip(printed.lines().zip(expected.lines())) {
        assert_eq!(ours, theirs, "{name}, line {number}");
    }
    assert_eq!(printed, expected, "{name}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), stderr, "{name}");
    assert_eq!(output.status.code(), Some(code), "{name}");
}

const ENGINES: [&[&str]; 2] = [&[], &["--interpreter"]];

#[test]
fn floating_point_and_its_printing() {
    for engine in ENGINES {
        same(&run(engine, &[], "numbers", &[]), "numbers", 0, "");
    }
}

#[test]
fn integers_and_conversions() {
    for engine in ENGINES {
        same(&run(engine, &[], "integers", &[]), "integers", 0, "");
    }
}

#[test]
fn arguments_environment_and_streams() {
    let options = ["--env", "HOME=/home/guest", "--env", "EQUALS=a=b"].map(OsStr::new);
    let args = ["77", "a b", "", "--dir", "-x"];
    for engine in ENGINES {
        let output = run(engine, &options, "streams", &args);
        same(&output, "streams", 77, "told on standard error\n");
    }
}

#[test]
fn files_and_folders() {
    for engine in ENGINES {
        let root = tempfile::tempdir().expect("a folder");
        let mut grant = root.path().as_os_str().to_owned();
        grant.push("::/");
        let options = [OsStr::new("--dir"), &grant];
        same(&run(engine, &options, "folders", &[]), "folders", 0, "");
    }
}

/// Every code that a shell can show is the guest's; of greater ones the system keeps the low eight bits.
#[test]
fn every_exit_code_comes_through() {
    let exit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/guests/wasi/exit.wasm");
    for code in [0, 1, 2, 125, 126, 127, 128, 134, 200, 255, 256, 300] {
        let status = Command::new(env!("CARGO_BIN_EXE_stepwell"))
            .arg("run")
            .arg(&exit)
            .arg(code.to_string())
            .output()
            .expect("it starts")
            .status;
        assert_eq!(status.code(), Some(code & 255));
    }
}
