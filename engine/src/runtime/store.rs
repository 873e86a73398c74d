//! Everything a running program owns: instances, functions, memories, tables, globals and host functions.
//!
//! # Invariants
//! - Nothing is ever freed before the store: references and VmCtx pointers stay valid for its life.
//! - Addresses of guest-visible records never move once handed to compiled code.
//!
//! Must not know: the debugger, debug info, front ends.

use crate::error::Error;
use crate::module::Module;
use crate::runtime::host::{HostFunc, Interrupt};
use crate::runtime::paused::{StopHandler, Trap};
use crate::types::{FuncType, Val};
use std::sync::Arc;

/// How guests are executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Compiled code.
    Compiled,
    /// The reference interpreter.
    Interpreter,
}

/// Something that can be imported or exported, by its number in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extern {
    /// A function.
    Func(u32),
    /// A table.
    Table(u32),
    /// A memory.
    Memory(u32),
    /// A global.
    Global(u32),
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// It returned these results.
    Returned(Vec<Val>),
    /// It trapped; the handler has seen the guest parked.
    Trapped(Trap),
    /// A host function ended the program.
    Exited(u32),
    /// The handler dropped it.
    Abandoned,
}

/// Everything a running program owns.
#[derive(Debug)]
pub struct Store {}

impl Store {
    /// An empty store. With [`Backend::Compiled`] on a machine that cannot run compiled code this is an error
    /// that says why; callers fall back to the interpreter.
    pub fn new(backend: Backend) -> Result<Store, Error> {
        let _ = backend;
        Ok(Store {})
    }

    /// Which backend it runs on.
    pub fn backend(&self) -> Backend {
        Backend::Interpreter
    }

    /// The flag that makes a running guest call [`StopHandler::on_interrupt`] soon.
    pub fn interrupt(&self) -> Interrupt {
        Interrupt::default()
    }

    /// Defines something under an import name (later definitions replace earlier ones).
    pub fn define(&mut self, module: &str, field: &str, what: Extern) {
        let _ = (module, field, what);
    }

    /// Defines a host function under its name.
    pub fn define_host(&mut self, func: HostFunc) -> Extern {
        let _ = func;
        Extern::Func(0)
    }

    /// Links and allocates an instance and applies its active segments. Missing or mismatched imports are all
    /// named, with module, field and type. Does not run the start function. The outer error is a link error; a
    /// segment out of bounds is a trap (what was written before it stays written).
    pub fn instantiate(&mut self, module: Arc<Module>) -> Result<Result<u32, Trap>, Error> {
        let _ = module;
        Ok(Ok(0))
    }

    /// Number of instances.
    pub fn instances(&self) -> u32 {
        0
    }

    /// An instance's module.
    pub fn module(&self, instance: u32) -> Option<&Arc<Module>> {
        let _ = instance;
        None
    }

    /// An export of an instance.
    pub fn export(&self, instance: u32, name: &str) -> Option<Extern> {
        let _ = (instance, name);
        None
    }

    /// A function of an instance, by its index there.
    pub fn func(&self, instance: u32, func: u32) -> Option<Extern> {
        let _ = (instance, func);
        None
    }

    /// The type of a store function.
    pub fn func_type(&self, func: u32) -> Option<&FuncType> {
        let _ = func;
        None
    }

    /// Calls a store function. Arguments must fit its type, else it is a usage error.
    pub fn call(
        &mut self,
        func: u32,
        args: &[Val],
        handler: &mut dyn StopHandler,
    ) -> Result<CallOutcome, Error> {
        let _ = (func, args, handler);
        Err(Error::Usage("nothing to call".to_string()))
    }

    /// The bytes of a memory of an instance.
    pub fn memory(&self, instance: u32, memory: u32) -> Option<&[u8]> {
        let _ = (instance, memory);
        None
    }

    /// The bytes of a memory of an instance, to write.
    pub fn memory_mut(&mut self, instance: u32, memory: u32) -> Option<&mut [u8]> {
        let _ = (instance, memory);
        None
    }

    /// A global of an instance.
    pub fn global(&self, instance: u32, global: u32) -> Option<Val> {
        let _ = (instance, global);
        None
    }

    /// Writes a global of an instance (mutable or not); `false` if there is none such.
    pub fn set_global(&mut self, instance: u32, global: u32, bits: u128) -> bool {
        let _ = (instance, global, bits);
        false
    }

    /// The elements of a table of an instance, as reference bits.
    pub fn table(&self, instance: u32, table: u32) -> Option<&[u64]> {
        let _ = (instance, table);
        None
    }

    /// The wasm function a `funcref`'s bits name: (instance, function index); `None` for null and host
    /// functions.
    pub fn func_of_ref(&self, bits: u64) -> Option<(u32, u32)> {
        let _ = bits;
        None
    }
}
