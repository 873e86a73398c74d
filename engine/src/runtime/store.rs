//! Everything a running program owns: instances, functions, memories, tables, globals and host functions.
//!
//! # Invariants
//! - Nothing is ever freed before the store: references and VmCtx pointers stay valid for its life.
//! - Addresses of guest-visible records never move once handed to compiled code.
//! - A function reference is the address of a function's record; only known ones are ever followed.
//!
//! Must not know: the debugger, debug info, front ends.

use super::exceptions::Exceptions;
use super::instance::{FixedPart, Instance};
use super::memory::{MAX_PAGES, Memory};
use super::native::Native;
use super::stops::WantedStops;
use super::table::Table;
use super::vm_record::{Cell, VmRecord};
use super::watch::Watches;
use super::{activation, interpreted};
use crate::compile::{self, Stops};
use crate::error::Error;
use crate::interp::Callee;
use crate::layout::CallLayout;
use crate::module::{ExportKind, GlobalType, Module};
use crate::runtime::host::{HostFunc, Interrupt};
use crate::runtime::paused::{StopHandler, Trap};
use crate::types::{FuncType, HeapType, Val, ValType};
use std::collections::HashMap;
use std::ops::Range;
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
    /// A tag.
    Tag(u32),
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

/// A function of the store.
pub(super) struct Func {
    /// Store-wide number of its type.
    pub type_number: u32,
    /// What it is.
    pub callee: Callee,
    /// The bits of a reference to it: the address of its record.
    pub reference: u64,
}

/// A host function of the store.
pub(super) struct Host {
    /// Name, type and code.
    pub func: HostFunc,
    /// Where its arguments and results travel.
    pub layout: CallLayout,
    /// Its reference record, kept alive for those who hold its address.
    pub _record: VmRecord,
}

/// A global of the store.
pub(super) struct Global {
    /// Its type, a function type in it by store-wide number.
    pub ty: GlobalType,
    /// Its value, in the VmCtx of the instance that defines it.
    pub cell: Cell,
}

/// Store-wide type numbers: equal types have equal numbers. In a numbered type, the types that it refers to are
/// numbers, too.
#[derive(Default)]
pub(super) struct TypeNumbers {
    by_type: HashMap<FuncType, u32>,
    types: Vec<FuncType>,
}

/// Stands for a type's own number in a type that refers to itself.
const ITSELF: u32 = u32::MAX;

impl TypeNumbers {
    /// The numbers of a module's types, by type index.
    pub fn of_module(&mut self, module: &Module) -> Vec<u32> {
        let mut numbers: Vec<u32> = Vec::with_capacity(module.types.len());
        for ty in &module.types {
            // Validated: a type refers to itself or to what is before it.
            let number = |index: u32| numbers.get(index as usize).copied().unwrap_or(ITSELF);
            let renumbered = |types: &[ValType]| types.iter().map(|ty| ty.renumbered(number)).collect();
            let ty = FuncType {
                params: renumbered(&ty.params),
                results: renumbered(&ty.results),
            };
            numbers.push(self.number(&ty));
        }
        numbers
    }

    /// The number of a type.
    pub fn number(&mut self, ty: &FuncType) -> u32 {
        if let Some(&number) = self.by_type.get(ty) {
            return number;
        }
        let number = self.types.len() as u32;
        self.types.push(ty.clone());
        self.by_type.insert(ty.clone(), number);
        number
    }

    /// The type of a number.
    pub fn get(&self, number: u32) -> Option<&FuncType> {
        self.types.get(number as usize)
    }
}

/// Everything a running program owns.
pub struct Store {
    pub(super) interrupt: Interrupt,
    pub(super) definitions: HashMap<(String, String), Extern>,
    pub(super) types: TypeNumbers,
    pub(super) hosts: Vec<Host>,
    pub(super) funcs: Vec<Func>,
    pub(super) func_by_ref: HashMap<u64, u32>,
    pub(super) memories: Vec<Memory>,
    pub(super) tables: Vec<Table>,
    pub(super) globals: Vec<Global>,
    /// Type numbers of the tags.
    pub(super) tags: Vec<u32>,
    pub(super) exceptions: Exceptions,
    pub(super) instances: Vec<Instance>,
    pub(super) stops: WantedStops,
    pub(super) watches: Watches,
    /// What the last host function stored to memory 0 of its caller, as far as that is watched.
    pub(super) host_stores: Vec<Range<u64>>,
    /// Ticks of activations that have ended.
    pub(super) ticks: u64,
    /// What the interpreter keeps between calls.
    pub(super) rest: interpreted::Rest,
    pub(super) memory_limit_pages: u32,
    /// What went wrong while a handler had the guest, to be the end of the call.
    pub(super) failure: Option<Error>,
    /// What runs compiled code; `None` for the interpreter.
    pub(super) native: Option<Native>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("backend", &self.backend())
            .field("instances", &self.instances.len())
            .field("funcs", &self.funcs.len())
            .finish_non_exhaustive()
    }
}

impl Store {
    /// An empty store. With [`Backend::Compiled`] on a machine that cannot run compiled code this is an error
    /// that says why; callers fall back to the interpreter.
    pub fn new(backend: Backend) -> Result<Store, Error> {
        let native = match backend {
            Backend::Compiled => {
                compile::supported().map_err(Error::Host)?;
                Some(Native::new()?)
            }
            Backend::Interpreter => None,
        };
        Ok(Store {
            interrupt: Interrupt::default(),
            definitions: HashMap::new(),
            types: TypeNumbers::default(),
            hosts: Vec::new(),
            funcs: Vec::new(),
            func_by_ref: HashMap::new(),
            memories: Vec::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            exceptions: Exceptions::default(),
            instances: Vec::new(),
            stops: WantedStops::default(),
            watches: Watches::default(),
            host_stores: Vec::new(),
            ticks: 0,
            rest: interpreted::Rest::default(),
            memory_limit_pages: MAX_PAGES,
            failure: None,
            native,
        })
    }

    /// Which backend it runs on.
    pub fn backend(&self) -> Backend {
        match self.native {
            Some(_) => Backend::Compiled,
            None => Backend::Interpreter,
        }
    }

    /// The flag that makes a running guest call [`StopHandler::on_interrupt`] soon.
    pub fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }

    /// Takes another flag in its place, such as one that outlives the store.
    pub fn set_interrupt(&mut self, interrupt: Interrupt) {
        self.interrupt = interrupt;
    }

    /// Lets memories made from now on grow to at most this many pages (65536 unless told).
    pub fn limit_memory(&mut self, pages: u32) {
        self.memory_limit_pages = pages;
    }

    /// Defines something under an import name (later definitions replace earlier ones).
    pub fn define(&mut self, module: &str, field: &str, what: Extern) {
        self.definitions
            .insert((module.to_string(), field.to_string()), what);
    }

    /// Defines a host function under its name.
    pub fn define_host(&mut self, func: HostFunc) -> Extern {
        let host = self.hosts.len() as u32;
        let type_number = self.types.number(&func.ty);
        let record = self.host_record(type_number, host);
        let what = Extern::Func(self.funcs.len() as u32);
        self.add_func(Func {
            type_number,
            callee: Callee::Host { host },
            reference: record.address(),
        });
        self.define(&func.module, &func.field, what);
        self.hosts.push(Host {
            layout: CallLayout::new(&func.ty),
            func,
            _record: record,
        });
        what
    }

    /// Numbers a function.
    pub(super) fn add_func(&mut self, func: Func) -> u32 {
        let number = self.funcs.len() as u32;
        self.func_by_ref.insert(func.reference, number);
        self.funcs.push(func);
        number
    }

    /// What goes into the fixed part of a VmCtx.
    pub(super) fn fixed_part(&self) -> FixedPart {
        self.native.as_ref().map(Native::fixed_part).unwrap_or_default()
    }

    /// Number of instances.
    pub fn instances(&self) -> u32 {
        self.instances.len() as u32
    }

    /// An instance by number.
    pub(super) fn instance(&self, instance: u32) -> Option<&Instance> {
        self.instances.get(instance as usize)
    }

    /// An instance's module.
    pub fn module(&self, instance: u32) -> Option<&Arc<Module>> {
        Some(&self.instance(instance)?.module)
    }

    /// An export of an instance.
    pub fn export(&self, instance: u32, name: &str) -> Option<Extern> {
        let instance = self.instance(instance)?;
        Some(match instance.module.export(name)?.kind {
            ExportKind::Func(index) => Extern::Func(*instance.funcs.get(index as usize)?),
            ExportKind::Table(index) => Extern::Table(*instance.tables.get(index as usize)?),
            ExportKind::Memory(index) => Extern::Memory(*instance.memories.get(index as usize)?),
            ExportKind::Global(index) => Extern::Global(*instance.globals.get(index as usize)?),
            ExportKind::Tag(index) => Extern::Tag(*instance.tags.get(index as usize)?),
        })
    }

    /// A function of an instance, by its index there.
    pub fn func(&self, instance: u32, func: u32) -> Option<Extern> {
        let number = self.instance(instance)?.funcs.get(func as usize)?;
        Some(Extern::Func(*number))
    }

    /// The type of a store function.
    pub fn func_type(&self, func: u32) -> Option<&FuncType> {
        self.types.get(self.funcs.get(func as usize)?.type_number)
    }

    /// Calls a store function. Arguments must fit its type, else it is a usage error.
    pub fn call(
        &mut self,
        func: u32,
        args: &[Val],
        handler: &mut dyn StopHandler,
    ) -> Result<CallOutcome, Error> {
        let ty = (self.func_type(func))
            .ok_or_else(|| Error::Usage(format!("there is no function {func} in the store")))?
            .clone();
        let given: Vec<_> = args.iter().map(|arg| arg.ty()).collect();
        if !given.iter().copied().eq(ty.params.iter().map(|ty| ty.erased())) {
            let given = FuncType {
                params: given,
                results: Vec::new(),
            };
            return Err(Error::Usage(format!(
                "arguments {given} do not fit a function of type {ty}",
                given = given.to_string().trim_end_matches(" -> ()"),
            )));
        }
        for (arg, &ty) in args.iter().zip(&ty.params) {
            if !self.is_value(ty, arg.bits()) {
                return Err(Error::Usage(format!(
                    "0x{:x} is not a value of type {ty} of this store",
                    arg.bits()
                )));
            }
        }
        let callee = self.funcs.get(func as usize).map(|func| func.callee);
        match (callee, &self.native) {
            (Some(Callee::Host { host }), _) => super::host_call::call_directly(self, host, args, handler),
            (_, Some(_)) => activation::call(self, func, &ty, args, handler),
            (_, None) => interpreted::call(self, func, &ty, args, handler),
        }
    }

    /// Asks for stops in a function before or between calls. While a guest is parked, use
    /// [`Paused::set_stops`](super::paused::Paused::set_stops), which also moves the frames that are live.
    pub fn set_stops(&mut self, instance: u32, func: u32, stops: Stops) -> Result<(), Error> {
        let exists = (self.module(instance)).is_some_and(|module| module.body(func).is_some());
        if !exists {
            return Err(Error::Usage(format!(
                "instance {instance} defines no function {func} to stop in"
            )));
        }
        let before = self.stops.set(instance, func, stops);
        self.apply_stops(instance, func).inspect_err(|_| {
            self.stops.set(instance, func, before);
        })
    }

    /// Turns flood on or off before or between calls: while on, every function stops at every boundary.
    pub fn set_flood(&mut self, on: bool) -> Result<(), Error> {
        if self.stops.set_flood(on) {
            self.apply_flood()
        } else {
            Ok(())
        }
    }

    /// A memory of an instance.
    pub(super) fn memory_number(&self, instance: u32, memory: u32) -> Option<usize> {
        Some(*self.instance(instance)?.memories.get(memory as usize)? as usize)
    }

    /// The bytes of a memory of an instance.
    pub fn memory(&self, instance: u32, memory: u32) -> Option<&[u8]> {
        Some(self.memories.get(self.memory_number(instance, memory)?)?.bytes())
    }

    /// The bytes of a memory of an instance, to write.
    pub fn memory_mut(&mut self, instance: u32, memory: u32) -> Option<&mut [u8]> {
        let number = self.memory_number(instance, memory)?;
        Some(self.memories.get_mut(number)?.bytes_mut())
    }

    /// A global of an instance.
    pub(super) fn global_record(&self, instance: u32, global: u32) -> Option<&Global> {
        let number = *self.instance(instance)?.globals.get(global as usize)?;
        self.globals.get(number as usize)
    }

    /// A global of an instance.
    pub fn global(&self, instance: u32, global: u32) -> Option<Val> {
        let global = self.global_record(instance, global)?;
        Some(Val::from_bits(global.ty.ty, global.cell.get()))
    }

    /// Writes a global of an instance (mutable or not); `false` if there is none such, or if the bits are meant
    /// for a `funcref` and name no function.
    pub fn set_global(&mut self, instance: u32, global: u32, bits: u128) -> bool {
        let Some(global) = self.global_record(instance, global) else {
            return false;
        };
        let Some(bits) = self.checked_bits(global.ty.ty, bits) else {
            return false;
        };
        global.cell.set(bits);
        true
    }

    /// The elements of a table of an instance, as reference bits.
    pub fn table(&self, instance: u32, table: u32) -> Option<&[u64]> {
        let number = *self.instance(instance)?.tables.get(table as usize)?;
        Some(self.tables.get(number as usize)?.elements())
    }

    /// The wasm function a `funcref`'s bits name: (instance, function index); `None` for null and host
    /// functions.
    pub fn func_of_ref(&self, bits: u64) -> Option<(u32, u32)> {
        let number = *self.func_by_ref.get(&bits)?;
        match self.funcs.get(number as usize)?.callee {
            Callee::Wasm { instance, func } => Some((instance, func)),
            Callee::Host { .. } => None,
        }
    }

    /// Whether bits are a value of a type, a function type in it by store-wide number: a reference that names
    /// nothing, or something of another type, would be followed anywhere.
    pub(super) fn is_value(&self, ty: ValType, bits: u128) -> bool {
        let Some(reference) = ty.as_ref() else {
            return true;
        };
        if bits == 0 {
            return reference.nullable;
        }
        let bits = bits as u64;
        let func = || self.funcs.get(*self.func_by_ref.get(&bits)? as usize);
        match reference.heap {
            HeapType::Extern => true,
            HeapType::Exn => self.exceptions.get(bits).is_some(),
            HeapType::Func => func().is_some(),
            HeapType::Type(number) => func().is_some_and(|func| func.type_number == number),
        }
    }

    /// Bits cut to the size of a type of a module; `None` for what is not one of its values. Of a reference to a
    /// function of one type, nothing but null can be checked here, and all else is refused.
    pub(super) fn checked_bits(&self, ty: ValType, bits: u128) -> Option<u128> {
        let bits = Val::from_bits(ty, bits).bits();
        self.is_value(ty.renumbered(|_| ITSELF), bits).then_some(bits)
    }

    /// The same of what takes an operand's place. It is not recorded which functions a reference there may name: so it is
    /// none, or one of the type of the one that was there, because code may call it without another look.
    pub(super) fn checked_operand(&self, ty: ValType, there: u128, bits: u128) -> Option<u128> {
        let bits = self.checked_bits(ty, bits)?;
        let type_of = |bits: u128| {
            let number = *self.func_by_ref.get(&(bits as u64))?;
            Some(self.funcs.get(number as usize)?.type_number)
        };
        let names_function = ty.erased() == ValType::FuncRef && bits != 0;
        (!names_function || type_of(bits) == type_of(there)).then_some(bits)
    }
}
