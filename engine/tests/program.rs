//! The embedding API: a program's life from bytes to its end.

use stepwell_engine::api::{Ending, Program};
use stepwell_engine::error::{Error, TrapKind};
use stepwell_engine::types::Val;

fn program(wat: &str) -> Program {
    Program::new(wat::parse_str(wat).expect("text").into()).expect("valid")
}

fn value(ending: Result<Ending, Error>) -> i32 {
    match ending {
        Ok(Ending::Returned(values)) => match values[..] {
            [Val::I32(value)] => value,
            _ => panic!("{values:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_library_is_made_ready_once_and_keeps_its_state() {
    let mut program = program(
        r#"(module (global $g (mut i32) (i32.const 0))
          (func $start (global.set $g (i32.add (global.get $g) (i32.const 100)))) (start $start)
          (func (export "_initialize") (global.set $g (i32.add (global.get $g) (i32.const 10))))
          (func (export "next") (result i32)
            (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g)))"#,
    );
    assert_eq!(value(program.call("next", &[])), 111);
    assert_eq!(value(program.call("next", &[])), 112);
}

#[test]
fn nothing_of_a_half_made_instance_is_called() {
    for broken in [
        "(func $start unreachable) (start $start)",
        r#"(func (export "_initialize") unreachable)"#,
        r#"(memory 1) (data (i32.const 65536) "x")"#,
    ] {
        let mut program = program(&format!(
            r#"(module {broken} (func (export "f") (result i32) (i32.const 1)))"#
        ));
        assert!(
            matches!(program.call("f", &[]), Ok(Ending::Trapped(report))
                if matches!(report.trap.kind, TrapKind::Unreachable | TrapKind::MemoryOutOfBounds)),
            "{broken}"
        );
        for _ in 0..2 {
            assert!(matches!(program.call("f", &[]), Err(Error::Usage(_))), "{broken}");
        }
    }
}

#[test]
fn imports_may_be_provided_after_a_first_try() {
    use stepwell_engine::wasi::{WasiCtx, host_funcs};
    let mut program = program(
        r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory 0) (func (export "_start") (call $exit (i32.const 3))))"#,
    );
    assert!(matches!(program.run(), Err(Error::Link(_))));
    program.provide(host_funcs(WasiCtx::builder().build().expect("a context")));
    assert_eq!(program.run(), Ok(Ending::Exited(3)));
}
