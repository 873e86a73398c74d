//! A module run by this engine.

use super::generate::{HOST, Numbers, args, checksum};
use super::{Call, Outcome, Run, State};
use stepwell_engine::error::{Error, TrapKind};
use stepwell_engine::module::{Export, ExportKind, Module, decode};
use stepwell_engine::runtime::paused::{Paused, Resume, StopCause, StopHandler, TickAction};
use stepwell_engine::runtime::store::{Backend, CallOutcome, Extern, Store};
use stepwell_engine::types::Val;

/// How functions are executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By the interpreter.
    Interpreter,
    /// As clean compiled code.
    Clean,
    /// As compiled code that stops at every instruction.
    Twins,
    /// As compiled code that stops at every store to memory.
    Watched,
}

impl Mode {
    /// Those that must do what the interpreter does.
    pub const COMPILED: [Mode; 3] = [Mode::Clean, Mode::Twins, Mode::Watched];
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
        TrapKind::UncaughtException => "exception",
        TrapKind::NullExceptionReference => "null exception",
        _ => "other",
    })
}

/// A reference only by whether it is null.
fn seen(val: Val) -> Val {
    match val {
        Val::FuncRef(bits) => Val::FuncRef(u64::from(bits != 0)),
        Val::ExternRef(bits) => Val::ExternRef(u64::from(bits != 0)),
        Val::ExnRef(bits) => Val::ExnRef(u64::from(bits != 0)),
        other => other,
    }
}

/// Offers `host.wat` under the name it is imported by.
fn define_host(store: &mut Store) {
    let bytes = wat::parse_str(HOST).expect("text");
    let module = decode(bytes.as_slice().into()).expect("valid");
    let made = store.instantiate(module.clone()).expect("imports nothing");
    let instance = made.expect("has no segments");
    for export in &module.exports {
        let what = store.export(instance, &export.name).expect("exported");
        store.define("host", &export.name, what);
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
        Mode::Clean | Mode::Twins | Mode::Watched => Backend::Compiled,
    };
    let mut store = Store::new(backend).map_err(|error| error.to_string())?;
    if mode == Mode::Twins {
        store.set_flood(true).map_err(|error| error.to_string())?;
    }
    define_host(&mut store);
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
    if mode == Mode::Watched {
        for memory in 0..module.memories.len() as u32 {
            let watched = store.watch(instance, memory, std::slice::from_ref(&(0..1 << 32)));
            watched.map_err(|error| error.to_string())?;
        }
    }
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
        run.calls.push(Call {
            name: export.name.clone(),
            args,
            outcome,
            state,
        });
    }
    Ok(run)
}
