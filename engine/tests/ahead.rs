//! Code compiled ahead, on several threads: the same bytes as code compiled one function after another, and a program
//! that does the same.

use std::path::Path;
use std::sync::Arc;
use stepwell_engine::api::{Config, Ending, Program};
use stepwell_engine::compile::{self, Stops};
use stepwell_engine::error::Error;
use stepwell_engine::module::decode;
use stepwell_engine::types::Val;

fn guest(name: &str) -> Arc<[u8]> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../assets/guests")
        .join(name);
    std::fs::read(path).expect("a guest").into()
}

#[test]
fn any_number_of_threads_gives_the_same_code() {
    if compile::supported().is_err() {
        return;
    }
    let module = decode(guest("kernels/json-dbg.wasm")).expect("valid");
    let layout = module.vm_layout();
    let one_by_one: Vec<Vec<u8>> = (module.imported_funcs..)
        .take(module.bodies.len())
        .map(|func| {
            let compiled = compile::compile(&module, &layout, func, &Stops::None).expect("compiles");
            let code = compile::compile_code(&module, &layout, func, &Stops::None).expect("compiles");
            assert_eq!(
                compiled.code, code.bytes,
                "without its frame map, function {func} is other code"
            );
            assert_eq!(compiled.callee_saved, code.callee_saved);
            code.bytes
        })
        .collect();
    assert!(one_by_one.len() > 50);
    for threads in [0, 1, 2, 3] {
        let mut codes = Vec::new();
        compile::compile_all(&module, &layout, threads, |func, code| {
            assert_eq!(func - module.imported_funcs, codes.len() as u32);
            codes.push(code.expect("compiles").bytes);
            Ok(())
        })
        .expect("all are taken");
        assert_eq!(codes, one_by_one, "with {threads} threads");
    }
}

/// More than is compiled at a time; and who takes no more gets no more.
#[test]
fn a_long_module_is_compiled_a_portion_at_a_time() {
    if compile::supported().is_err() {
        return;
    }
    let func = format!("(func {})", "nop ".repeat(4000));
    let text = format!("(module {})", func.repeat(300));
    let module = decode(wat::parse_str(text).expect("text").into()).expect("valid");
    let layout = module.vm_layout();
    let mut taken = 0;
    let all = compile::compile_all(&module, &layout, 2, |func, code| {
        assert_eq!((func, code.is_ok()), (taken, true));
        taken += 1;
        Ok(())
    });
    assert_eq!((all, taken), (Ok(()), 300));
    let enough = || Error::Usage("enough".to_string());
    let outcome = compile::compile_all(&module, &layout, 2, |func, _| match func {
        7 => Err(enough()),
        _ => Ok(()),
    });
    assert_eq!(outcome, Err(enough()));
}

/// What a function cannot be compiled for is told when it is called, and others run.
#[test]
fn a_program_does_the_same_whether_it_is_compiled_ahead_or_not() {
    let text = r#"(module
        (func $double (param i32) (result i32) (i32.add (local.get 0) (local.get 0)))
        (func (export "six") (result i32) (call $double (i32.const 3)))
        (func (export "fault") (result i32) (i32.div_u (i32.const 1) (call $double (i32.const 0))))
        (func (export "endless") (call 3)))"#;
    let bytes: Arc<[u8]> = wat::parse_str(text).expect("text").into();
    let ends = |config: Config| -> Vec<Result<Ending, Error>> {
        let mut program = Program::with_config(bytes.clone(), config).expect("valid");
        ["six", "fault", "endless"]
            .map(|name| program.call(name, &[]))
            .into()
    };
    let lazily = ends(Config::new());
    assert_eq!(lazily[0], Ok(Ending::Returned(vec![Val::I32(6)])));
    assert!(matches!(&lazily[1], Ok(Ending::Trapped(report)) if report.frames.len() == 1));
    for threads in [0, 1, 2] {
        assert_eq!(ends(Config::new().compile_ahead(threads)), lazily);
    }
}

/// Four bytes that call for a thousand results and with a thousand parameters are thousands of bytes of code.
#[test]
fn short_functions_with_much_code_do_not_pile_up() {
    const FUNCS: usize = 1_400;
    if compile::supported().is_err() {
        return;
    }
    let values = "i64 ".repeat(1000);
    let text = format!(
        "(module (func (result {values}) unreachable) (func (param {values})) {})",
        "(func call 0 call 1 call 0 call 1 call 0 call 1)".repeat(FUNCS)
    );
    let module = decode(wat::parse_str(text).expect("text").into()).expect("valid");
    let before = resident_bytes();
    let (mut code_bytes, mut most) = (0, 0);
    compile::compile_all(&module, &module.vm_layout(), 2, |_, code| {
        code_bytes += code.expect("compiles").bytes.len();
        most = most.max(resident_bytes().saturating_sub(before));
        Ok(())
    })
    .expect("all are taken");
    println!("{code_bytes} bytes of code, {most} more in memory");
    assert!(code_bytes > 1 << 27);
    assert!(most < code_bytes as u64 * 2 / 3, "{most} of {code_bytes}");
}

/// Memory of this process.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}
