//! A plain store for tests: vectors of everything, linking by name, spec-shaped instantiation.
//!
//! It is as simple as a store can be, so that what fails in a test is the interpreter and not its surroundings.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use stepwell_engine::error::TrapKind;
use stepwell_engine::interp::{Callee, Exception, HostStop, Machine, Step, World};
use stepwell_engine::module::{
    ConstExpr, ConstOp, ElementItem, ExportKind, GlobalType, ImportKind, MemoryType, Module, SegmentMode,
    TableType, decode,
};
use stepwell_engine::types::{FuncType, Val};

/// Memories never grow beyond this, whatever their type says: a test must not need gigabytes.
const MOST_PAGES: u64 = 4096;
const PAGE_BYTES: usize = 65_536;
const MOST_ELEMENTS: usize = 10_000_000;

/// Something exported, by its number in the store.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Extern {
    Func(usize),
    Table(usize),
    Memory(usize),
    Global(usize),
}

/// Why there is no instance.
#[derive(Debug)]
pub enum Failure {
    Link(String),
    Trap(TrapKind),
}

struct Func {
    ty: FuncType,
    callee: Callee,
}

struct Table {
    ty: TableType,
    elements: Vec<u64>,
}

struct Memory {
    ty: MemoryType,
    bytes: Vec<u8>,
}

struct Global {
    ty: GlobalType,
    bits: u128,
}

struct Instance {
    module: Arc<Module>,
    funcs: Vec<usize>,
    tables: Vec<usize>,
    memories: Vec<usize>,
    globals: Vec<usize>,
    data: Vec<Arc<[u8]>>,
    elements: Vec<Arc<[u64]>>,
}

/// A function of the host: memory 0 of the caller, arguments; results, or an end.
pub type Host = Box<dyn FnMut(&mut [u8], &[u128]) -> Result<Vec<u128>, HostStop>>;

/// The store.
#[derive(Default)]
pub struct Store {
    instances: Vec<Instance>,
    funcs: Vec<Func>,
    tables: Vec<Table>,
    memories: Vec<Memory>,
    globals: Vec<Global>,
    hosts: Vec<Host>,
    names: HashMap<String, HashMap<String, Extern>>,
}

impl Store {
    /// A store with the module `spectest` that the spec's scripts import.
    pub fn with_spectest() -> Store {
        let mut store = Store::default();
        let text = r#"(module
            (global (export "global_i32") i32 (i32.const 666))
            (global (export "global_i64") i64 (i64.const 666))
            (global (export "global_f32") f32 (f32.const 666.6))
            (global (export "global_f64") f64 (f64.const 666.6))
            (table (export "table") 10 20 funcref)
            (memory (export "memory") 1 2))"#;
        let instance = store.instantiate_text(&mut Machine::new(), text);
        store.register("spectest", instance);
        use stepwell_engine::types::ValType::{F32, F64, I32, I64};
        for (name, params) in [
            ("print", vec![]),
            ("print_i32", vec![I32]),
            ("print_i64", vec![I64]),
            ("print_f32", vec![F32]),
            ("print_f64", vec![F64]),
            ("print_i32_f32", vec![I32, F32]),
            ("print_f64_f64", vec![F64, F64]),
        ] {
            let ty = FuncType {
                params,
                results: vec![],
            };
            store.define_host("spectest", name, ty, Box::new(|_, _| Ok(Vec::new())));
        }
        store
    }

    /// Offers a host function to import.
    pub fn define_host(&mut self, module: &str, field: &str, ty: FuncType, host: Host) {
        self.hosts.push(host);
        self.funcs.push(Func {
            ty,
            callee: Callee::Host {
                host: self.hosts.len() as u32 - 1,
            },
        });
        let func = Extern::Func(self.funcs.len() - 1);
        self.names
            .entry(module.into())
            .or_default()
            .insert(field.into(), func);
    }

    /// Offers an instance's exports under a name.
    pub fn register(&mut self, name: &str, instance: u32) {
        let module = self.instances[instance as usize].module.clone();
        let exports = module.exports.iter().map(|export| {
            (
                export.name.clone(),
                self.export(instance, &export.name).expect("the export is there"),
            )
        });
        let exports = exports.collect();
        self.names.insert(name.into(), exports);
    }

    /// An export of an instance.
    pub fn export(&self, instance: u32, name: &str) -> Option<Extern> {
        let instance = &self.instances[instance as usize];
        Some(match instance.module.export(name)?.kind {
            ExportKind::Func(index) => Extern::Func(instance.funcs[index as usize]),
            ExportKind::Table(index) => Extern::Table(instance.tables[index as usize]),
            ExportKind::Memory(index) => Extern::Memory(instance.memories[index as usize]),
            ExportKind::Global(index) => Extern::Global(instance.globals[index as usize]),
            ExportKind::Tag(_) => return None,
        })
    }

    /// The value of an exported global.
    pub fn exported_global(&self, instance: u32, name: &str) -> Option<Val> {
        let Some(Extern::Global(global)) = self.export(instance, name) else {
            return None;
        };
        Some(Val::from_bits(
            self.globals[global].ty.ty,
            self.globals[global].bits,
        ))
    }

    /// The function index and type of an exported function.
    pub fn exported_func(&self, instance: u32, name: &str) -> Option<(u32, FuncType)> {
        let module = &self.instances[instance as usize].module;
        let ExportKind::Func(func) = module.export(name)?.kind else {
            return None;
        };
        Some((func, module.func_type(func).clone()))
    }

    /// Instantiates a text module that must succeed.
    pub fn instantiate_text(&mut self, machine: &mut Machine, text: &str) -> u32 {
        let bytes = wat::parse_str(text).expect("text that assembles");
        let module = decode(bytes.into()).expect("a valid module");
        self.instantiate(machine, module).expect("an instance")
    }

    /// Instantiates a module, start function included.
    pub fn instantiate(&mut self, machine: &mut Machine, module: Arc<Module>) -> Result<u32, Failure> {
        let number = self.instances.len() as u32;
        let (mut funcs, mut tables) = (Vec::new(), Vec::new());
        let (mut memories, mut globals) = (Vec::new(), Vec::new());
        for import in &module.imports {
            let found = self
                .names
                .get(&import.module)
                .and_then(|fields| fields.get(&import.field));
            let &found = found.ok_or_else(|| Failure::Link(format!("unknown import {}", import.field)))?;
            match (import.kind, found) {
                (ImportKind::Func(ty), Extern::Func(func))
                    if self.funcs[func].ty == module.types[ty as usize] =>
                {
                    funcs.push(func);
                }
                (ImportKind::Table(ty), Extern::Table(table)) if self.tables[table].fits(&ty) => {
                    tables.push(table);
                }
                (ImportKind::Memory(ty), Extern::Memory(memory)) if self.memories[memory].fits(&ty) => {
                    memories.push(memory);
                }
                (ImportKind::Global(ty), Extern::Global(global)) if self.globals[global].ty == ty => {
                    globals.push(global);
                }
                _ => {
                    return Err(Failure::Link(format!(
                        "incompatible import type of {}",
                        import.field
                    )));
                }
            }
        }
        for func in module.imported_funcs..module.func_types.len() as u32 {
            funcs.push(self.funcs.len());
            let callee = Callee::Wasm {
                instance: number,
                func,
            };
            self.funcs.push(Func {
                ty: module.func_type(func).clone(),
                callee,
            });
        }
        for &ty in &module.tables[module.imported_tables as usize..] {
            tables.push(self.tables.len());
            self.tables.push(Table {
                ty,
                elements: vec![0; ty.min as usize],
            });
        }
        for &ty in &module.memories[module.imported_memories as usize..] {
            memories.push(self.memories.len());
            self.memories.push(Memory {
                ty,
                bytes: vec![0; ty.min as usize * PAGE_BYTES],
            });
        }
        for (&ty, init) in module.globals[module.imported_globals as usize..]
            .iter()
            .zip(&module.global_inits)
        {
            let bits = self.evaluate(init, &funcs, &globals);
            globals.push(self.globals.len());
            self.globals.push(Global { ty, bits });
        }
        let elements: Vec<Arc<[u64]>> = module
            .elements
            .iter()
            .map(|segment| {
                segment
                    .items
                    .iter()
                    .map(|item| match item {
                        ElementItem::Func(func) => {
                            self.evaluate(&vec![ConstOp::RefFunc(*func)], &funcs, &globals)
                        }
                        ElementItem::Null => 0,
                        ElementItem::Expr(code) => self.evaluate(code, &funcs, &globals),
                    } as u64)
                    .collect()
            })
            .collect();
        let data = module
            .data
            .iter()
            .map(|segment| module.bytes[segment.range.clone()].into())
            .collect();
        let (data, instance_module): (Vec<Arc<[u8]>>, _) = (data, module.clone());
        self.instances.push(Instance {
            module: instance_module,
            funcs,
            tables,
            memories,
            globals,
            data,
            elements,
        });
        self.apply_segments(number, &module)?;
        match module.start {
            Some(start) => match self.call(machine, number, start, &[]) {
                Ok(_) => Ok(number),
                Err(trap) => Err(Failure::Trap(trap)),
            },
            None => Ok(number),
        }
    }

    /// Active segments, in order; what was written before one that does not fit stays written.
    fn apply_segments(&mut self, number: u32, module: &Module) -> Result<(), Failure> {
        for (segment, index) in module.elements.iter().zip(0..) {
            if let SegmentMode::Active { index: table, offset } = &segment.mode {
                let at = self.evaluate_in(number, offset);
                let elements = self.elements(number, index);
                let table = self.table(number, *table);
                let range = within(at, elements.len(), table.len());
                table[range.ok_or(Failure::Trap(TrapKind::TableOutOfBounds))?].copy_from_slice(&elements);
            }
            if !matches!(segment.mode, SegmentMode::Passive) {
                self.elements_drop(number, index);
            }
        }
        for (segment, index) in module.data.iter().zip(0..) {
            if let SegmentMode::Active {
                index: memory,
                offset,
            } = &segment.mode
            {
                let at = self.evaluate_in(number, offset);
                let data = self.data(number, index);
                let memory = self.memory(number, *memory);
                let range = within(at, data.len(), memory.len());
                memory[range.ok_or(Failure::Trap(TrapKind::MemoryOutOfBounds))?].copy_from_slice(&data);
                self.data_drop(number, index);
            }
        }
        Ok(())
    }

    fn evaluate_in(&self, instance: u32, expr: &ConstExpr) -> usize {
        let instance = &self.instances[instance as usize];
        self.evaluate(expr, &instance.funcs, &instance.globals) as usize
    }

    fn evaluate(&self, expr: &ConstExpr, funcs: &[usize], globals: &[usize]) -> u128 {
        let mut stack: Vec<u128> = Vec::new();
        for op in expr {
            let mut binary = |narrow: bool, apply: fn(u64, u64) -> u64| {
                let (b, a) = (
                    stack.pop().expect("an operand") as u64,
                    stack.pop().expect("an operand") as u64,
                );
                let wide = apply(a, b);
                u128::from(if narrow { u64::from(wide as u32) } else { wide })
            };
            let bits = match *op {
                ConstOp::Const(value) => value.bits(),
                ConstOp::GlobalGet(global) => self.globals[globals[global as usize]].bits,
                ConstOp::RefFunc(func) => funcs[func as usize] as u128 + 1,
                ConstOp::RefNull(_) => 0,
                ConstOp::I32Add => binary(true, u64::wrapping_add),
                ConstOp::I32Sub => binary(true, u64::wrapping_sub),
                ConstOp::I32Mul => binary(true, u64::wrapping_mul),
                ConstOp::I64Add => binary(false, u64::wrapping_add),
                ConstOp::I64Sub => binary(false, u64::wrapping_sub),
                ConstOp::I64Mul => binary(false, u64::wrapping_mul),
            };
            stack.push(bits);
        }
        stack.pop().expect("a value")
    }

    /// Calls a function to its end; the machine is left as it was.
    pub fn call(
        &mut self,
        machine: &mut Machine,
        instance: u32,
        func: u32,
        args: &[u128],
    ) -> Result<Vec<u128>, TrapKind> {
        let mut step = machine.invoke(self, instance, func, args);
        if step == Step::Continue {
            step = machine.run(self, u64::MAX);
            if step != Step::Done {
                machine.abandon();
            }
        }
        match step {
            Step::Done => Ok(machine.results().to_vec()),
            Step::Trap(trap) => Err(trap),
            Step::Host => Err(TrapKind::Host),
            Step::Continue => panic!("no tick limit was set"),
        }
    }
}

impl Table {
    fn fits(&self, import: &TableType) -> bool {
        self.ty.element == import.element
            && limits_fit(self.elements.len(), self.ty.max, import.min, import.max)
    }
}

impl Memory {
    fn fits(&self, import: &MemoryType) -> bool {
        limits_fit(self.bytes.len() / PAGE_BYTES, self.ty.max, import.min, import.max)
    }
}

fn limits_fit(size: usize, max: Option<u64>, wanted_min: u64, wanted_max: Option<u64>) -> bool {
    size >= wanted_min as usize
        && wanted_max.is_none_or(|wanted_max| max.is_some_and(|max| max <= wanted_max))
}

fn within(start: usize, len: usize, total: usize) -> Option<Range<usize>> {
    let end = start.checked_add(len)?;
    (end <= total).then_some(start..end)
}

impl World for Store {
    fn module(&self, instance: u32) -> &Arc<Module> {
        &self.instances[instance as usize].module
    }

    fn memory(&mut self, instance: u32, memory: u32) -> &mut [u8] {
        let memory = self.instances[instance as usize].memories[memory as usize];
        &mut self.memories[memory].bytes
    }

    fn memory_grow(&mut self, instance: u32, memory: u32, delta_pages: u64) -> Option<u32> {
        let memory = self.instances[instance as usize].memories[memory as usize];
        let memory = &mut self.memories[memory];
        let old = (memory.bytes.len() / PAGE_BYTES) as u64;
        let new = old.checked_add(delta_pages)?;
        if new > memory.ty.max.unwrap_or(MOST_PAGES).min(MOST_PAGES) {
            return None;
        }
        memory.bytes.resize(new as usize * PAGE_BYTES, 0);
        Some(old as u32)
    }

    fn global_get(&self, instance: u32, global: u32) -> u128 {
        self.globals[self.instances[instance as usize].globals[global as usize]].bits
    }

    fn global_set(&mut self, instance: u32, global: u32, bits: u128) {
        let global = self.instances[instance as usize].globals[global as usize];
        self.globals[global].bits = bits;
    }

    fn table(&mut self, instance: u32, table: u32) -> &mut [u64] {
        let table = self.instances[instance as usize].tables[table as usize];
        &mut self.tables[table].elements
    }

    fn table_grow(&mut self, instance: u32, table: u32, delta: u64, init: u64) -> Option<u32> {
        let table = self.instances[instance as usize].tables[table as usize];
        let table = &mut self.tables[table];
        let old = table.elements.len();
        let new = old.checked_add(delta as usize)?;
        if new
            > table
                .ty
                .max
                .map_or(MOST_ELEMENTS, |max| max as usize)
                .min(MOST_ELEMENTS)
        {
            return None;
        }
        table.elements.resize(new, init);
        Some(old as u32)
    }

    fn data(&self, instance: u32, segment: u32) -> Arc<[u8]> {
        self.instances[instance as usize].data[segment as usize].clone()
    }

    fn data_drop(&mut self, instance: u32, segment: u32) {
        self.instances[instance as usize].data[segment as usize] = Arc::from([]);
    }

    fn elements(&self, instance: u32, segment: u32) -> Arc<[u64]> {
        self.instances[instance as usize].elements[segment as usize].clone()
    }

    fn elements_drop(&mut self, instance: u32, segment: u32) {
        self.instances[instance as usize].elements[segment as usize] = Arc::from([]);
    }

    fn func_ref(&self, instance: u32, func: u32) -> u64 {
        self.instances[instance as usize].funcs[func as usize] as u64 + 1
    }

    fn callee(&self, instance: u32, func: u32) -> Callee {
        self.funcs[self.instances[instance as usize].funcs[func as usize]].callee
    }

    fn callee_of_ref(&self, reference: u64) -> (Callee, u32) {
        let func = &self.funcs[reference as usize - 1];
        (
            func.callee,
            self.funcs
                .iter()
                .position(|other| other.ty == func.ty)
                .expect("itself") as u32,
        )
    }

    fn type_number(&self, instance: u32, type_index: u32) -> u32 {
        let ty = &self.instances[instance as usize].module.types[type_index as usize];
        // A type that no function has matches none.
        self.funcs
            .iter()
            .position(|func| func.ty == *ty)
            .map_or(u32::MAX, |number| number as u32)
    }

    fn tag(&self, _instance: u32, _tag: u32) -> u32 {
        panic!("no test here has tags")
    }

    fn add_exception(&mut self, _exception: &Exception, _held: &mut dyn Iterator<Item = u64>) -> Option<u64> {
        panic!("no test here has tags")
    }

    fn exception(&self, _reference: u64) -> Option<Exception> {
        None
    }

    fn call_host(&mut self, instance: u32, host: u32, args: &[u128]) -> Result<Vec<u128>, HostStop> {
        let memory = self.instances[instance as usize].memories.first();
        let memory = memory.map(|memory| self.memories[*memory].bytes.as_mut_slice());
        (self.hosts[host as usize])(memory.unwrap_or_default(), args)
    }
}
