//! The store as the spec's scripts use it, in one of several modes.

use crate::runtime_support::{Watcher, host};
use std::sync::Arc;
use stepwell_engine::error::{Error, TrapKind};
use stepwell_engine::module::{ExportKind, Module};
use stepwell_engine::runtime::paused::{Resume, StopCause};
use stepwell_engine::runtime::store::{Backend, CallOutcome, Extern, Store};
use stepwell_engine::types::ValType::{F32, F64, I32, I64};
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
    /// As compiled code that stops after every store.
    Watched,
    /// As compiled code with watched stores, none of which stops.
    WatchedInVain,
}

impl Mode {
    /// Whether this machine can.
    pub fn available(self) -> bool {
        self == Mode::Interpreter || stepwell_engine::compile::supported().is_ok()
    }
}

/// Why there is no instance.
#[derive(Debug)]
pub enum Failure {
    /// It does not link.
    Link(String),
    /// Its start function or a segment trapped.
    Trap(TrapKind),
}

/// A store with the module `spectest` that the scripts import.
pub struct SpecStore {
    store: Store,
    mode: Mode,
    stores: u64,
}

impl SpecStore {
    /// A fresh one.
    pub fn with_spectest(mode: Mode) -> SpecStore {
        let backend = if mode == Mode::Interpreter {
            Backend::Interpreter
        } else {
            Backend::Compiled
        };
        let store = Store::new(backend).expect("a store");
        let mut store = SpecStore {
            store,
            mode,
            stores: 0,
        };
        let text = r#"(module
            (global (export "global_i32") i32 (i32.const 666))
            (global (export "global_i64") i64 (i64.const 666))
            (global (export "global_f32") f32 (f32.const 666.6))
            (global (export "global_f64") f64 (f64.const 666.6))
            (table (export "table") 10 20 funcref)
            (memory (export "memory") 1 2))"#;
        let instance = store
            .instantiate(crate::runtime_support::module(text))
            .expect("spectest");
        store.register("spectest", instance);
        for (name, params) in [
            ("print", &[][..]),
            ("print_i32", &[I32]),
            ("print_i64", &[I64]),
            ("print_f32", &[F32]),
            ("print_f64", &[F64]),
            ("print_i32_f32", &[I32, F32]),
            ("print_f64_f64", &[F64, F64]),
        ] {
            store
                .store
                .define_host(host("spectest", name, params, &[], |_, _| Ok(())));
        }
        if mode == Mode::Twins {
            store.store.set_flood(true).expect("twins");
        }
        store
    }

    /// Makes an instance and runs its start function.
    pub fn instantiate(&mut self, module: Arc<Module>) -> Result<u32, Failure> {
        let start = module.start;
        let memories = module.memories.len();
        let made = self.store.instantiate(module).map_err(|error| match error {
            Error::Link(words) => Failure::Link(words),
            other => Failure::Link(other.to_string()),
        })?;
        let instance = made.map_err(|trap| Failure::Trap(trap.kind))?;
        let watched = match self.mode {
            Mode::Watched => Some(0..1 << 33),
            Mode::WatchedInVain => Some(1 << 33..1 << 34),
            Mode::Interpreter | Mode::Clean | Mode::Twins => None,
        };
        if let Some(watched) = watched.filter(|_| memories > 0) {
            self.store.watch(instance, 0, &[watched]).expect("a memory");
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
        let module = self.store.module(instance).expect("an instance").clone();
        for export in &module.exports {
            let what = self.store.export(instance, &export.name).expect("an export");
            self.store.define(name, &export.name, what);
        }
    }

    /// How many stores stopped.
    pub fn stores(&self) -> u64 {
        self.stores
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
        let mut stores = 0;
        let mut watcher = Watcher::on_stop(|paused, cause| {
            match cause {
                StopCause::Probe => assert!(paused.head(0).is_some(), "a stop without a frame"),
                StopCause::Watch(_) => {
                    stores += 1;
                    assert!(paused.frame(0).is_some(), "a store without a frame");
                }
                _ => {}
            }
            Resume::Continue
        });
        let outcome = self
            .store
            .call(func, args, &mut watcher)
            .map_err(|error| error.to_string());
        drop(watcher);
        self.stores += stores;
        match outcome? {
            CallOutcome::Returned(values) => Ok(Ok(values)),
            CallOutcome::Trapped(trap) => Ok(Err(trap.kind)),
            other => Err(format!("{other:?}")),
        }
    }
}
