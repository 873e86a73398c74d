//! Valid modules of absurd shape: compiled in memory proportional to their size, or refused by a limit that has a
//! name. Times are not measured; what takes the square of its size here does not end.

use std::sync::Arc;
use stepwell_engine::compile::{self, Compiled, Stops};
use stepwell_engine::error::Error;
use stepwell_engine::module::{Module, decode};
use wasm_encoder::{
    BlockType, CodeSection, Function, FunctionSection, Instruction, Module as Encoder, TypeSection, ValType,
};

/// Bytes of code and of frame map that a byte of wasm may cost.
const CODE_A_BYTE: usize = 65;
const MAP_A_BYTE: usize = 16;
/// The same for the smallest modules.
const FREE: usize = 2 << 20;

/// Modules of functions without parameters and results.
fn module(results: usize, bodies: &[Function]) -> Arc<Module> {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types.ty().function([], vec![ValType::I32; results]);
    let (mut funcs, mut code) = (FunctionSection::new(), CodeSection::new());
    for body in bodies {
        funcs.function(0);
        code.function(body);
    }
    let mut encoder = Encoder::new();
    encoder.section(&types).section(&funcs).section(&code);
    decode(encoder.finish().into()).expect("valid")
}

fn body(locals: u32, code: impl FnOnce(&mut Function)) -> Function {
    let mut function = Function::new([(locals, ValType::I32)]);
    code(&mut function);
    function.instruction(&Instruction::End);
    function
}

/// Compiles one function clean and with all stops; the clean one.
fn compiled(body: Function) -> Result<Compiled, Error> {
    compiled_with_results(0, body)
}

fn compiled_with_results(results: usize, body: Function) -> Result<Compiled, Error> {
    let module = module(results, &[body]);
    let layout = module.vm_layout();
    let len = module.bytes.len();
    let check = |stops: &Stops| {
        let compiled = compile::compile(&module, &layout, 0, stops)?;
        let (code, map) = (compiled.code.len(), compiled.frame_map.len_bytes());
        assert!(
            code < FREE + CODE_A_BYTE * len,
            "{code} bytes of code for {len} of wasm"
        );
        assert!(
            map < FREE + MAP_A_BYTE * len,
            "{map} bytes of map for {len} of wasm"
        );
        Ok(compiled)
    };
    check(&Stops::All)?;
    check(&Stops::None)
}

fn refused(outcome: Result<Compiled, Error>) -> String {
    match outcome {
        Err(Error::Unsupported { what, .. }) => what,
        other => panic!(
            "{:?} instead of a limit",
            other.map(|compiled| compiled.code.len())
        ),
    }
}

fn runs() -> bool {
    compile::supported().is_ok()
}

#[test]
fn loops_under_a_deep_stack() {
    let outcome = runs().then(|| {
        compiled(body(0, |code| {
            for _ in 0..100_000 {
                code.instruction(&Instruction::I32Const(7));
            }
            for _ in 0..100_000 {
                code.instruction(&Instruction::Loop(BlockType::Empty));
                code.instruction(&Instruction::End);
            }
            for _ in 0..100_000 {
                code.instruction(&Instruction::Drop);
            }
        }))
    });
    assert!(outcome.is_none_or(|outcome| outcome.is_ok()));
}

#[test]
fn a_stack_deeper_than_a_frame_is_refused_before_it_is_built() {
    if !runs() {
        return;
    }
    let words = refused(compiled(body(0, |code| {
        for _ in 0..3_000_000 {
            code.instruction(&Instruction::I32Const(7));
        }
        code.instruction(&Instruction::Unreachable);
    })));
    assert!(words.contains("frame"), "{words}");
}

#[test]
fn blocks_in_blocks() {
    if !runs() {
        return;
    }
    compiled(body(0, |code| {
        for _ in 0..100_000 {
            code.instruction(&Instruction::Block(BlockType::Empty));
            code.instruction(&Instruction::I32Const(0));
            code.instruction(&Instruction::BrIf(0));
        }
        for _ in 0..100_000 {
            code.instruction(&Instruction::End);
        }
    }))
    .expect("compiles");
}

#[test]
fn every_entry_stands_for_another_local() {
    if !runs() {
        return;
    }
    const LOCALS: u32 = 40_000;
    compiled(body(LOCALS, |code| {
        for local in 0..LOCALS {
            code.instruction(&Instruction::LocalGet(local));
        }
        for local in 0..LOCALS {
            code.instruction(&Instruction::I32Const(1));
            code.instruction(&Instruction::LocalSet(local));
        }
        for _ in 0..LOCALS {
            code.instruction(&Instruction::Drop);
        }
    }))
    .expect("compiles");
}

#[test]
fn every_entry_stands_for_the_same_local() {
    if !runs() {
        return;
    }
    compiled(body(1, |code| {
        for _ in 0..50 {
            for _ in 0..1_000 {
                code.instruction(&Instruction::LocalGet(0));
            }
            code.instruction(&Instruction::I32Const(1));
            code.instruction(&Instruction::LocalSet(0));
        }
        for _ in 0..50_000 {
            code.instruction(&Instruction::Drop);
        }
    }))
    .expect("compiles");
}

#[test]
fn branches_that_carry_a_thousand_values() {
    if !runs() {
        return;
    }
    let words = refused(compiled_with_results(
        1_000,
        body(0, |code| {
            code.instruction(&Instruction::Block(BlockType::FunctionType(1)));
            for _ in 0..1_000 {
                code.instruction(&Instruction::I32Const(0x1234_5678));
            }
            for _ in 0..100_000 {
                code.instruction(&Instruction::I32Const(0));
                code.instruction(&Instruction::BrIf(0));
            }
            code.instruction(&Instruction::End);
            for _ in 0..1_000 {
                code.instruction(&Instruction::Drop);
            }
        }),
    ));
    assert!(words.contains("64 times"), "{words}");
}

#[test]
fn a_hundred_thousand_float_constants() {
    if !runs() {
        return;
    }
    compiled(body(0, |code| {
        for number in 0..100_000 {
            code.instruction(&Instruction::F64Const(f64::from(number).into()));
            code.instruction(&Instruction::F64Const((f64::from(number) + 0.5).into()));
            code.instruction(&Instruction::F64Add);
            code.instruction(&Instruction::Drop);
        }
    }))
    .expect("compiles");
}

#[test]
fn a_table_of_a_million_targets() {
    if !runs() {
        return;
    }
    // More than the validator takes would not get here.
    let targets = vec![0u32; 1_000_000];
    compiled(body(0, |code| {
        code.instruction(&Instruction::Block(BlockType::Empty));
        code.instruction(&Instruction::I32Const(5));
        code.instruction(&Instruction::BrTable(targets.into(), 0));
        code.instruction(&Instruction::End);
    }))
    .expect("compiles");
}

#[test]
fn fifty_thousand_locals() {
    if !runs() {
        return;
    }
    compiled(body(50_000, |code| {
        for local in 0..50_000 {
            code.instruction(&Instruction::LocalGet(local));
            code.instruction(&Instruction::LocalSet(49_999 - local));
        }
    }))
    .expect("compiles");
}

#[test]
fn a_function_of_seven_megabytes() {
    if !runs() {
        return;
    }
    compiled(body(8, |code| {
        for number in 0..900_000 {
            code.instruction(&Instruction::LocalGet(number % 8));
            code.instruction(&Instruction::I32Const(3));
            code.instruction(&Instruction::I32Add);
            code.instruction(&Instruction::LocalSet((number + 3) % 8));
        }
    }))
    .expect("compiles");
}

#[test]
fn a_hundred_thousand_functions() {
    if !runs() {
        return;
    }
    let bodies: Vec<Function> = (0..100_000).map(|_| body(1, |_| {})).collect();
    let module = module(0, &bodies);
    let layout = module.vm_layout();
    for func in 0..100_000 {
        compile::compile(&module, &layout, func, &Stops::None).expect("compiles");
    }
}

#[test]
fn a_frame_that_surely_fits_does() {
    if !runs() {
        return;
    }
    let wide = [vec![ValType::V128; 12], vec![ValType::I64; 25]].concat();
    let shapes: [(&str, Instruction<'static>); 4] = [
        ("numbers", Instruction::I32Const(1)),
        ("vectors", Instruction::LocalGet(0)),
        ("results", Instruction::Call(1)),
        ("made", Instruction::I8x16Splat),
    ];
    for (name, instruction) in shapes {
        let local = if name == "vectors" {
            ValType::V128
        } else {
            ValType::I32
        };
        let of = |count: usize| {
            let mut body = Function::new([(1, local)]);
            for _ in 0..count {
                if name == "made" {
                    body.instruction(&Instruction::I32Const(1));
                }
                body.instruction(&instruction);
            }
            body.instruction(&Instruction::Unreachable)
                .instruction(&Instruction::End);
            let mut other = Function::new([]);
            other
                .instruction(&Instruction::Unreachable)
                .instruction(&Instruction::End);
            let mut types = TypeSection::new();
            types.ty().function([], []);
            types.ty().function(
                [],
                if name == "results" {
                    wide.clone()
                } else {
                    Vec::new()
                },
            );
            let (mut funcs, mut code) = (FunctionSection::new(), CodeSection::new());
            funcs.function(0).function(1);
            code.function(&body).function(&other);
            let mut encoder = Encoder::new();
            encoder.section(&types).section(&funcs).section(&code);
            decode(encoder.finish().into()).expect("valid")
        };
        // The largest that surely fits.
        let (mut fits, mut too_many) = (0usize, 1 << 18);
        while too_many - fits > 1 {
            let middle = fits.midpoint(too_many);
            if compile::frame_surely_fits(&of(middle), 0) {
                fits = middle;
            } else {
                too_many = middle;
            }
        }
        assert!(fits > 1_000, "{name}: {fits}");
        let module = of(fits);
        if let Err(error) = compile::compile(&module, &module.vm_layout(), 0, &Stops::All) {
            // That its code is too long is another thing.
            assert!(
                error.to_string().contains("a function whose code"),
                "{fits} {name}: {error}"
            );
        }
        // It does not say so of what is twice as large.
        let module = of(2 * fits + 1000);
        let outcome = compile::compile(&module, &module.vm_layout(), 0, &Stops::None);
        assert!(name == "made" || outcome.is_err(), "{name}");
    }
}
