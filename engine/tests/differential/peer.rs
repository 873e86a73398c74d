//! The same module run by wasmi.

use super::generate::{HOST, Numbers, args, checksum};
use super::{Call, Outcome, Run, State};
use stepwell_engine::types::{Val, ValType};
use wasmi::{Extern, TrapCode};

fn outcome(error: &wasmi::Error) -> Outcome {
    Outcome::Trapped(match error.as_trap_code() {
        Some(TrapCode::StackOverflow) => return Outcome::Exhausted,
        Some(TrapCode::UnreachableCodeReached) => "unreachable",
        Some(TrapCode::MemoryOutOfBounds) => "memory",
        Some(TrapCode::TableOutOfBounds) => "table",
        Some(TrapCode::IndirectCallToNull) => "null",
        Some(TrapCode::BadSignature) => "type",
        Some(TrapCode::IntegerDivisionByZero) => "zero",
        Some(TrapCode::IntegerOverflow) => "overflow",
        Some(TrapCode::BadConversionToInteger) => "conversion",
        _ => "other",
    })
}

fn to_peer(val: Val) -> wasmi::Val {
    match val {
        Val::I32(v) => wasmi::Val::I32(v),
        Val::I64(v) => wasmi::Val::I64(v),
        Val::F32(v) => wasmi::Val::F32(f32::from_bits(v).into()),
        Val::F64(v) => wasmi::Val::F64(f64::from_bits(v).into()),
        Val::V128(v) => wasmi::Val::V128(v.into()),
        Val::FuncRef(_) => wasmi::Val::FuncRef(wasmi::Nullable::Null),
        Val::ExternRef(_) => wasmi::Val::ExternRef(wasmi::Nullable::Null),
        Val::ExnRef(_) => panic!("no module here has exceptions"),
    }
}

fn from_peer(val: &wasmi::Val) -> Val {
    match val {
        wasmi::Val::I32(v) => Val::I32(*v),
        wasmi::Val::I64(v) => Val::I64(*v),
        wasmi::Val::F32(v) => Val::F32(v.to_bits()),
        wasmi::Val::F64(v) => Val::F64(v.to_bits()),
        wasmi::Val::V128(v) => Val::V128(v.as_u128()),
        wasmi::Val::FuncRef(v) => Val::FuncRef(u64::from(!v.is_null())),
        wasmi::Val::ExternRef(v) => Val::ExternRef(u64::from(!v.is_null())),
    }
}

fn type_of(ty: wasmi::ValType) -> ValType {
    match ty {
        wasmi::ValType::I32 => ValType::I32,
        wasmi::ValType::I64 => ValType::I64,
        wasmi::ValType::F32 => ValType::F32,
        wasmi::ValType::F64 => ValType::F64,
        wasmi::ValType::V128 => ValType::V128,
        wasmi::ValType::FuncRef => ValType::FuncRef,
        wasmi::ValType::ExternRef => ValType::ExternRef,
    }
}

fn state(store: &wasmi::Store<()>, instance: wasmi::Instance) -> State {
    let mut state = State::default();
    let mut exports: Vec<_> = instance.exports(store).collect();
    exports.sort_by(|a, b| a.name().cmp(b.name()));
    for export in exports {
        let name = export.name().to_string();
        match export.into_extern() {
            Extern::Global(global) => state.globals.push((name, from_peer(&global.get(store)))),
            Extern::Memory(memory) => {
                let bytes = memory.data(store);
                state.memories.push((name, bytes.len(), checksum(bytes)));
            }
            Extern::Table(table) => {
                let null = |index| table.get(store, index).is_some_and(|element| element.is_null());
                state
                    .tables
                    .push((name, (0..table.size(store)).map(null).collect()));
            }
            Extern::Func(_) => {}
        }
    }
    state
}

/// Runs a module.
pub fn run(bytes: &[u8], seed: u64) -> Run {
    let mut config = wasmi::Config::default();
    config
        .wasm_tail_call(true)
        .wasm_multi_memory(true)
        .wasm_memory64(true)
        .wasm_relaxed_simd(true);
    let engine = wasmi::Engine::new(&config);
    let module = wasmi::Module::new(&engine, bytes).expect("the peer takes the module");
    let mut store = wasmi::Store::new(&engine, ());
    let host = wat::parse_str(HOST).expect("text");
    let host = wasmi::Module::new(&engine, host).expect("valid");
    let mut linker = wasmi::Linker::new(&engine);
    let host = linker
        .instantiate_and_start(&mut store, &host)
        .expect("imports nothing");
    linker.instance(&mut store, "host", host).expect("new names");
    let mut run = Run::default();
    let instance = match linker.instantiate_and_start(&mut store, &module) {
        Ok(instance) => instance,
        Err(error) => {
            run.refused = Some(
                if error.as_trap_code().is_some() || format!("{error}").contains("out of bounds") {
                    "trapped"
                } else {
                    "link"
                },
            );
            return run;
        }
    };
    let mut numbers = Numbers::new(!seed);
    let mut names: Vec<String> = module.exports().map(|export| export.name().to_string()).collect();
    names.sort();
    for name in names {
        let Some(func) = instance.get_func(&store, &name) else {
            continue;
        };
        let ty = func.ty(&store);
        let params: Vec<ValType> = ty.params().iter().map(|&ty| type_of(ty)).collect();
        let args = args(&params, &mut numbers);
        let given: Vec<wasmi::Val> = args.iter().copied().map(to_peer).collect();
        let mut results: Vec<wasmi::Val> = ty
            .results()
            .iter()
            .map(|&ty| wasmi::Val::default_for_ty(ty))
            .collect();
        let outcome = match func.call(&mut store, &given, &mut results) {
            Ok(()) => Outcome::Returned(results.iter().map(from_peer).collect()),
            Err(error) => outcome(&error),
        };
        let state = state(&store, instance);
        run.calls.push(Call {
            name,
            args,
            outcome,
            state,
        });
    }
    run
}
