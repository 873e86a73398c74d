//! A module run by this engine.

use super::generate::{Numbers, args, canonical, checksum, host_results};
use super::{Outcome, Run, State};
use stepwell_engine::error::{Error, TrapKind};
use stepwell_engine::module::{Export, ExportKind, ImportKind, Module, decode};
use stepwell_engine::runtime::host::HostFunc;
use stepwell_engine::runtime::paused::{Paused, Resume, StopCause, StopHandler, TickAction};
use stepwell_engine::runtime::store::{Backend, CallOutcome, Extern, Store};
use stepwell_engine::types::{FuncType, Val};

/// How functions are executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By the interpreter.
    Interpreter,
    /// As clean compiled code.
    Clean,
    /// As compiled code that stops at every instruction.
    Twins,
}

impl Mode {
    /// All.
    pub const ALL: [Mode; 3] = [Mode::Interpreter, Mode::Clean, Mode::Twins];
}

/// Lets everything go on.
struct Onward;

impl StopHandler for Onward {
    fn on_stop(&mut self, _paused: &mut Paused<'_>, cause: &StopCause) -> Resume {
        match cause {
            StopCause::Trap(_) => Resume::Abandon,
            _ => Resume::Continue,
        }
    }

    fn on_interrupt(&mut self, _paused: &mut Paused<'_>) -> TickAction {
        TickAction::Continue
    }
}

fn trap_name(kind: TrapKind) -> Outcome {
    Outcome::Trapped(match kind {
        TrapKind::StackExhausted => return Outcome::Exhausted,
        TrapKind::Unreachable => "unreachable",
        TrapKind::MemoryOutOfBounds => "memory",
        TrapKind::TableOutOfBounds | TrapKind::UndefinedElement => "table",
        TrapKind::IndirectCallToNull => "null",
        TrapKind::IndirectCallTypeMismatch => "type",
        TrapKind::IntegerDivideByZero => "zero",
        TrapKind::IntegerOverflow => "overflow",
        TrapKind::BadConversionToInteger => "conversion",
        _ => "other",
    })
}

/// A reference only by whether it is null, a NaN as the canonical one.
fn seen(val: Val) -> Val {
    match val {
        Val::FuncRef(bits) => Val::FuncRef(u64::from(bits != 0)),
        Val::ExternRef(bits) => Val::ExternRef(u64::from(bits != 0)),
        other => canonical(other),
    }
}

fn host(module: &str, field: &str, ty: &FuncType) -> HostFunc {
    let types = ty.results.clone();
    HostFunc {
        module: module.to_string(),
        field: field.to_string(),
        ty: ty.clone(),
        code: Box::new(move |call| {
            let results = host_results(call.args, &types);
            call.results.copy_from_slice(&results);
            Ok(())
        }),
    }
}

/// Exports in the order of their names, which both engines can make.
fn by_name(module: &Module) -> Vec<&Export> {
    let mut exports: Vec<&Export> = module.exports.iter().collect();
    exports.sort_by(|a, b| a.name.cmp(&b.name));
    exports
}

fn state(store: &Store, instance: u32, module: &Module) -> State {
    let mut state = State::default();
    for export in by_name(module) {
        let name = export.name.clone();
        match export.kind {
            ExportKind::Global(index) => {
                let val = store.global(instance, index).expect("a global");
                state.globals.push((name, seen(val)));
            }
            ExportKind::Memory(index) => {
                let bytes = store.memory(instance, index).expect("a memory");
                state.memories.push((name, bytes.len(), checksum(bytes)));
            }
            ExportKind::Table(index) => {
                let elements = store.table(instance, index).expect("a table");
                state
                    .tables
                    .push((name, elements.iter().map(|&bits| bits == 0).collect()));
            }
            _ => {}
        }
    }
    state
}

/// Runs a module; an error is a complaint about this engine.
pub fn run(bytes: &[u8], seed: u64, mode: Mode) -> Result<Run, String> {
    let module = decode(bytes.into()).map_err(|error| error.to_string())?;
    let backend = match mode {
        Mode::Interpreter => Backend::Interpreter,
        Mode::Clean | Mode::Twins => Backend::Compiled,
    };
    let mut store = Store::new(backend).map_err(|error| error.to_string())?;
    if mode == Mode::Twins {
        store.set_flood(true).map_err(|error| error.to_string())?;
    }
    for import in &module.imports {
        if let ImportKind::Func(ty) = import.kind
            && let Some(ty) = module.types.get(ty as usize)
        {
            store.define_host(host(&import.module, &import.field, ty));
        }
    }
    let mut run = Run::default();
    let instance = match store.instantiate(module.clone()) {
        Ok(Ok(instance)) => instance,
        Ok(Err(_)) => {
            run.refused = Some("trapped");
            return Ok(run);
        }
        Err(Error::Link(_)) => {
            run.refused = Some("link");
            return Ok(run);
        }
        Err(other) => return Err(other.to_string()),
    };
    let call = |store: &mut Store, func: u32, args: &[Val]| {
        let outcome = store
            .call(func, args, &mut Onward)
            .map_err(|error| error.to_string())?;
        Ok::<_, String>(match outcome {
            CallOutcome::Returned(vals) => Outcome::Returned(vals.into_iter().map(seen).collect()),
            CallOutcome::Trapped(trap) => trap_name(trap.kind),
            other => return Err(format!("{other:?}")),
        })
    };
    if let Some(Extern::Func(func)) = module.start.and_then(|start| store.func(instance, start))
        && !matches!(call(&mut store, func, &[])?, Outcome::Returned(_))
    {
        run.refused = Some("trapped");
        return Ok(run);
    }
    let mut numbers = Numbers::new(!seed);
    for export in by_name(&module) {
        let ExportKind::Func(index) = export.kind else {
            continue;
        };
        let ty = module.func_type(index);
        let args = args(&ty.params, &mut numbers);
        let Some(Extern::Func(func)) = store.func(instance, index) else {
            return Err("an exported function is missing".to_string());
        };
        let outcome = call(&mut store, func, &args)?;
        let state = state(&store, instance, &module);
        run.calls.push((export.name.clone(), outcome, state));
    }
    Ok(run)
}
