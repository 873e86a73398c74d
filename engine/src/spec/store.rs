//! The store as scripts use it, with the module `spectest` that they import.
//!
//! Must not know: scripts.

use super::Mode;
use crate::error::{Error, TrapKind};
use crate::module::{ExportKind, Module, decode};
use crate::runtime::host::HostFunc;
use crate::runtime::paused::{Paused, Resume, StopCause, StopHandler, TickAction};
use crate::runtime::store::{Backend, CallOutcome, Extern, Store};
use crate::types::ValType::{self, F32, F64, I32, I64};
use crate::types::{FuncType, Val};
use std::sync::Arc;

/// Why there is no instance.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// It does not link, or is refused in other words.
    #[error("{0}")]
    Link(String),
    /// Its start function or a segment trapped.
    #[error("trapped: {0}")]
    Trap(TrapKind),
}

/// A store with `spectest`.
pub(super) struct SpecStore {
    store: Store,
    mode: Mode,
    /// Watched stores that were stopped at.
    pub stores: u64,
}

/// Lets everything go on; a stop without a frame would be a mistake of the engine.
#[derive(Default)]
struct Silent {
    probes: u64,
    stores: u64,
}

/// So many stops of a call are looked at, and one in so many of those after them: a loop of a million turns would take
/// minutes otherwise.
const PROBES_LOOKED_AT: u64 = 20_000;
const PROBES_PASSED: u64 = 101;

impl StopHandler for Silent {
    fn on_stop(&mut self, paused: &mut Paused<'_>, cause: &StopCause) -> Resume {
        match cause {
            StopCause::Probe => {
                self.probes += 1;
                if self.probes < PROBES_LOOKED_AT || self.probes.is_multiple_of(PROBES_PASSED) {
                    assert!(paused.head(0).is_some(), "a stop without a frame");
                }
            }
            StopCause::Watch(_) => {
                self.stores += 1;
                assert!(paused.frame(0).is_some(), "a store without a frame");
            }
            _ => {}
        }
        Resume::Continue
    }

    fn on_interrupt(&mut self, _paused: &mut Paused<'_>) -> TickAction {
        TickAction::Continue
    }
}

impl SpecStore {
    /// A fresh one.
    pub fn new(mode: Mode) -> Result<SpecStore, Error> {
        let backend = match mode {
            Mode::Interpreter => Backend::Interpreter,
            _ => Backend::Compiled,
        };
        let mut store = SpecStore {
            store: Store::new(backend)?,
            mode,
            stores: 0,
        };
        let text = r#"(module
            (global (export "global_i32") i32 (i32.const 666))
            (global (export "global_i64") i64 (i64.const 666))
            (global (export "global_f32") f32 (f32.const 666.6))
            (global (export "global_f64") f64 (f64.const 666.6))
            (table (export "table") 10 20 funcref)
            (table (export "table64") i64 10 20 funcref)
            (memory (export "memory") 1 2))"#;
        let instance = store.instantiate(decode(assemble(text)?.into())?);
        let instance = instance.map_err(|failure| Error::Host(format!("spectest: {failure:?}")))?;
        store.register("spectest", instance);
        let prints: [(&str, &[ValType]); 7] = [
            ("print", &[]),
            ("print_i32", &[I32]),
            ("print_i64", &[I64]),
            ("print_f32", &[F32]),
            ("print_f64", &[F64]),
            ("print_i32_f32", &[I32, F32]),
            ("print_f64_f64", &[F64, F64]),
        ];
        for (field, params) in prints {
            store.store.define_host(HostFunc {
                module: "spectest".into(),
                field: field.into(),
                ty: FuncType {
                    params: params.into(),
                    results: Vec::new(),
                },
                code: Box::new(|_| Ok(())),
            });
        }
        if mode == Mode::Twins {
            store.store.set_flood(true)?;
        }
        Ok(store)
    }

    /// Makes an instance and runs its start function.
    pub fn instantiate(&mut self, module: Arc<Module>) -> Result<u32, Failure> {
        let start = module.start;
        let memories = module.memories.len() as u32;
        let made = self.store.instantiate(module);
        let made = made.map_err(|error| Failure::Link(error.to_string()))?;
        let instance = made.map_err(|trap| Failure::Trap(trap.kind))?;
        let watched = match self.mode {
            Mode::Watched => Some(0..1 << 32),
            // Behind the end of any memory.
            Mode::WatchedInVain => Some(1 << 32..(1 << 32) + 1),
            Mode::Interpreter | Mode::Clean | Mode::Twins => None,
        };
        for memory in 0..memories {
            if let Some(watched) = watched.clone() {
                let done = self.store.watch(instance, memory, &[watched]);
                done.map_err(|error| Failure::Link(error.to_string()))?;
            }
        }
        if let Some(Extern::Func(func)) = start.and_then(|start| self.store.func(instance, start)) {
            match self.call(func, &[]) {
                Ok(Ok(_)) => {}
                Ok(Err(trap)) => return Err(Failure::Trap(trap)),
                Err(words) => return Err(Failure::Link(words)),
            }
        }
        Ok(instance)
    }

    /// Offers an instance's exports under a name.
    pub fn register(&mut self, name: &str, instance: u32) {
        let Some(module) = self.store.module(instance).cloned() else {
            return;
        };
        for export in &module.exports {
            if let Some(what) = self.store.export(instance, &export.name) {
                self.store.define(name, &export.name, what);
            }
        }
    }

    /// The value of an exported global.
    pub fn exported_global(&self, instance: u32, name: &str) -> Option<Val> {
        match self.store.module(instance)?.export(name)?.kind {
            ExportKind::Global(index) => self.store.global(instance, index),
            _ => None,
        }
    }

    /// An exported function with its type.
    pub fn exported_func(&self, instance: u32, name: &str) -> Option<(u32, FuncType)> {
        match self.store.export(instance, name)? {
            Extern::Func(func) => Some((func, self.store.func_type(func)?.clone())),
            _ => None,
        }
    }

    /// Calls a function: its results, or its trap.
    pub fn call(&mut self, func: u32, args: &[Val]) -> Result<Result<Vec<Val>, TrapKind>, String> {
        let mut silent = Silent::default();
        let outcome = self.store.call(func, args, &mut silent);
        self.stores += silent.stores;
        match outcome.map_err(|error| error.to_string())? {
            CallOutcome::Returned(values) => Ok(Ok(values)),
            CallOutcome::Trapped(trap) => Ok(Err(trap.kind)),
            other => Err(format!("{other:?}")),
        }
    }
}

/// The bytes of a module in text.
fn assemble(text: &str) -> Result<Vec<u8>, Error> {
    let broken = |error: wast::Error| Error::Host(error.to_string());
    let buffer = wast::parser::ParseBuffer::new(text).map_err(broken)?;
    let mut wat: wast::Wat<'_> = wast::parser::parse(&buffer).map_err(broken)?;
    wat.encode().map_err(broken)
}
