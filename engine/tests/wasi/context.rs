//! The functions as a set, arguments, environment, clocks, random bytes, exit; what the builder refuses.

use crate::guest::{Guest, MEMORY_LEN, errno};
use stepwell_engine::runtime::host::{HostCall, HostError};
use stepwell_engine::types::Val;
use stepwell_engine::wasi::{WasiCtx, host_funcs};

#[test]
fn every_function_of_the_specification_is_there_with_its_type() {
    let mut got: Vec<String> = host_funcs(WasiCtx::builder().build().expect("valid"))
        .iter()
        .map(|f| format!("{} {}", f.field, f.ty))
        .collect();
    got.sort();
    let mut expected: Vec<String> = "\
args_get ii|args_sizes_get ii|clock_res_get ii|clock_time_get iIi|environ_get ii|environ_sizes_get ii|\
fd_advise iIIi|fd_allocate iII|fd_close i|fd_datasync i|fd_fdstat_get ii|fd_fdstat_set_flags ii|\
fd_fdstat_set_rights iII|fd_filestat_get ii|fd_filestat_set_size iI|fd_filestat_set_times iIIi|\
fd_pread iiiIi|fd_prestat_dir_name iii|fd_prestat_get ii|fd_pwrite iiiIi|fd_read iiii|fd_readdir iiiIi|\
fd_renumber ii|fd_seek iIii|fd_sync i|fd_tell ii|fd_write iiii|path_create_directory iii|\
path_filestat_get iiiii|path_filestat_set_times iiiiIIi|path_link iiiiiii|path_open iiiiiIIii|\
path_readlink iiiiii|path_remove_directory iii|path_rename iiiiii|path_symlink iiiii|path_unlink_file iii|\
poll_oneoff iiii|proc_exit i|proc_raise i|random_get ii|sched_yield |sock_accept iii|sock_recv iiiiii|\
sock_send iiiii|sock_shutdown ii"
        .split('|')
        .map(|line| {
            let (name, params) = line.split_once(' ').expect("two fields");
            let params: Vec<&str> = params
                .chars()
                .map(|c| if c == 'I' { "i64" } else { "i32" })
                .collect();
            let results = if name == "proc_exit" { "" } else { "i32" };
            format!("{name} ({}) -> ({results})", params.join(" "))
        })
        .collect();
    expected.sort();
    assert_eq!(got, expected);
}

#[test]
fn arguments_and_environment_arrive_as_bytes() {
    let builder = WasiCtx::builder()
        .arg("prog")
        .args(["two words", ""])
        .arg(b"\xff\xfe".to_vec())
        .env("A", "1")
        .env("EMPTY", "")
        .env("A", "2=3");
    let mut guest = Guest::new(builder);
    guest.call("args_sizes_get", &[0, 4]).expect("sizes");
    assert_eq!((guest.u32(0), guest.u32(4)), (4, 5 + 10 + 1 + 3));
    guest.call("args_get", &[100, 200]).expect("args");
    assert_eq!([100, 104, 108, 112].map(|at| guest.u32(at)), [200, 205, 215, 216]);
    assert_eq!(guest.bytes(200, 19), b"prog\0two words\0\0\xff\xfe\0");
    guest.call("environ_sizes_get", &[0, 4]).expect("sizes");
    assert_eq!((guest.u32(0), guest.u32(4)), (2, 6 + 7));
    guest.call("environ_get", &[100, 200]).expect("environment");
    assert_eq!((guest.u32(100), guest.u32(104)), (200, 206));
    assert_eq!(guest.bytes(200, 13), b"A=2=3\0EMPTY=\0");
}

#[test]
fn strings_that_end_with_the_memory_fit_and_others_fault() {
    let mut guest = Guest::new(WasiCtx::builder().arg("abc"));
    let end = MEMORY_LEN as i64;
    guest.call("args_get", &[end - 8, end - 4]).expect("fits exactly");
    assert_eq!(guest.bytes(end as u32 - 4, 4), b"abc\0");
    assert_eq!(guest.call("args_get", &[0, end - 3]), Err(errno::FAULT));
    assert_eq!(guest.call("args_get", &[end - 3, 0]), Err(errno::FAULT));
    assert_eq!(guest.call("args_sizes_get", &[0, -1]), Err(errno::FAULT));
}

#[test]
fn the_builder_refuses_with_a_clear_line() {
    let message =
        |builder: stepwell_engine::wasi::WasiCtxBuilder| builder.build().expect_err("refused").to_string();
    assert_eq!(
        message(WasiCtx::builder().arg("ok").arg("a\0b")),
        r#"argument 1 contains a NUL byte: "a\0b""#
    );
    assert_eq!(
        message(WasiCtx::builder().env("NAME", "a\0")),
        r#"environment variable "NAME" contains a NUL byte"#
    );
    assert_eq!(
        message(WasiCtx::builder().env("A=B", "")),
        r#"not a name of an environment variable: "A=B""#
    );
    assert_eq!(
        message(WasiCtx::builder().env("", "x")),
        r#"not a name of an environment variable: """#
    );
    let temp = tempfile::tempdir().expect("a directory");
    let missing = temp.path().join("missing");
    let text = message(WasiCtx::builder().preopened_dir(&missing, "/"));
    assert!(
        text.starts_with(&format!("directory {}: No such file", missing.display())),
        "{text}"
    );
    let file = temp.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let text = message(WasiCtx::builder().preopened_dir(&file, "/"));
    assert_eq!(text, format!("directory {}: not a directory", file.display()));
    let text = message(WasiCtx::builder().preopened_dir(temp.path(), "a\0"));
    assert_eq!(
        text,
        format!(
            "guest name of directory {} contains a NUL byte",
            temp.path().display()
        )
    );
}

#[test]
fn clocks_tell_the_time_and_never_run_backwards() {
    let mut guest = Guest::new(WasiCtx::builder());
    guest.call("clock_time_get", &[0, 0, 0]).expect("realtime");
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    assert!(now.as_nanos().abs_diff(u128::from(guest.u64(0))) < 5_000_000_000);
    for clock in [1, 2, 3] {
        guest.call("clock_time_get", &[clock, 0, 0]).expect("first");
        guest.call("clock_time_get", &[clock, 0, 8]).expect("second");
        assert!(guest.u64(0) <= guest.u64(8), "clock {clock}");
    }
    for clock in 0..4 {
        guest.call("clock_res_get", &[clock, 0]).expect("resolution");
        assert!((1..1_000_000_000).contains(&guest.u64(0)), "clock {clock}");
    }
    for clock in [4, -1] {
        assert_eq!(guest.call("clock_time_get", &[clock, 0, 0]), Err(errno::INVAL));
        assert_eq!(guest.call("clock_res_get", &[clock, 0]), Err(errno::INVAL));
    }
    assert_eq!(
        guest.call("clock_time_get", &[0, 0, MEMORY_LEN as i64 - 7]),
        Err(errno::FAULT)
    );
}

#[test]
fn random_fills_exactly_the_buffer() {
    let mut guest = Guest::new(WasiCtx::builder());
    guest.call("random_get", &[100, 64]).expect("random");
    assert!(guest.bytes(100, 64).iter().any(|&b| b != 0));
    assert_eq!(guest.bytes(0, 100), [0; 100]);
    assert_eq!(guest.bytes(164, 100), [0; 100]);
    assert_eq!(guest.written, vec![100..164; 1]);
    guest.call("random_get", &[100, 0]).expect("nothing is fine");
    assert_eq!(
        guest.call("random_get", &[100, MEMORY_LEN as i64]),
        Err(errno::FAULT)
    );
}

#[test]
fn exit_does_not_return() {
    let mut guest = Guest::new(WasiCtx::builder());
    assert_eq!(guest.try_call("proc_exit", &[33]), Err(HostError::Exit(33)));
    assert_eq!(guest.try_call("proc_exit", &[-1]), Err(HostError::Exit(u32::MAX)));
    assert_eq!(guest.call("proc_raise", &[6]), Err(errno::NOTSUP));
    guest.call("sched_yield", &[]).expect("yields");
}

#[test]
fn a_guest_without_memory_gets_faults_and_wrong_arguments_a_trap() {
    let mut functions = host_funcs(WasiCtx::builder().arg("x").build().expect("valid"));
    let mut by_name = |name: &str, args: &[Val]| {
        let function = functions.iter_mut().find(|f| f.field == name).expect("there");
        let mut results = [Val::I32(-1)];
        let outcome = (function.code)(&mut HostCall {
            args,
            results: &mut results,
            memory: None,
        });
        (outcome, results[0])
    };
    let (outcome, result) = by_name("args_sizes_get", &[Val::I32(0), Val::I32(0)]);
    assert_eq!((outcome, result), (Ok(()), Val::I32(errno::FAULT.into())));
    let (outcome, result) = by_name("sched_yield", &[]);
    assert_eq!((outcome, result), (Ok(()), Val::I32(0)));
    let (outcome, _) = by_name("fd_close", &[Val::I64(3)]);
    assert!(matches!(outcome, Err(HostError::Trap(text)) if text.starts_with("fd_close: ")));
}
