//! Instantiation: imports found and checked, everything allocated, active segments applied.
//!
//! # Invariants
//! - All imports are checked before anything is allocated; what is wrong is named in one message.
//! - A segment is checked against its bounds before any of it is written.
//!
//! Must not know: execution.

use super::instance::Instance;
use super::memory::Memory;
use super::paused::Trap;
use super::store::{Extern, Func, Global, Store};
use super::table::{MAX_ELEMENTS_OF_STORE, Table};
use super::vm_record::VmRecord;
use crate::error::{Error, TrapKind};
use crate::interp::{self, Callee};
use crate::layout::{func_ref, vmctx};
use crate::module::{
    ConstExpr, ConstOp, ElementItem, GlobalType, Import, ImportKind, MemoryType, Module, SegmentMode,
    TableType,
};
use crate::types::ValType;
use std::sync::Arc;

/// Wrong imports that one message names; a module may have a million.
const MOST_NAMED_IMPORTS: usize = 50;

impl Store {
    /// Links and allocates an instance and applies its active segments. Missing or mismatched imports are all
    /// named, with module, field and type. Does not run the start function. The outer error is a link error; a
    /// segment out of bounds is a trap (what was written before it stays written).
    pub fn instantiate(&mut self, module: Arc<Module>) -> Result<Result<u32, Trap>, Error> {
        if self.native.is_none() {
            interp::check_supported(&module)?;
        }
        let types = self.types.of_module(&module);
        let imports = self.resolve(&module, &types)?;
        let number = self.allocate(&module, imports, &types)?;
        let segments = self
            .apply_elements(number, &module)
            .and_then(|()| self.apply_data(number, &module));
        Ok(match segments {
            Ok(()) => Ok(number),
            Err(kind) => Err(Trap { kind, message: None }),
        })
    }

    /// Finds what each import asks for. `types` are the store-wide numbers of the module's types.
    fn resolve(&self, module: &Module, types: &[u32]) -> Result<Vec<Extern>, Error> {
        let (mut found, mut missing, mut mismatched) = (Vec::new(), Vec::new(), Vec::new());
        for import in &module.imports {
            let name = (import.module.clone(), import.field.clone());
            match self.definitions.get(&name) {
                None => missing.push(describe_import(module, import)),
                Some(&what) if self.fits(types, &import.kind, what) => found.push(what),
                Some(&what) => mismatched.push(format!(
                    "{} (provided: {})",
                    describe_import(module, import),
                    self.describe(what)
                )),
            }
        }
        let mut parts = Vec::new();
        for (what, list) in [
            ("unknown import", missing),
            ("incompatible import type", mismatched),
        ] {
            match list.as_slice() {
                [] => {}
                [one] => parts.push(format!("{what}: {one}")),
                many => {
                    let named = many.get(..MOST_NAMED_IMPORTS).unwrap_or(many).join(", ");
                    let more = match many.len().saturating_sub(MOST_NAMED_IMPORTS) {
                        0 => String::new(),
                        more => format!(" and {more} more"),
                    };
                    parts.push(format!("{} {what}s: {named}{more}", many.len()));
                }
            }
        }
        if parts.is_empty() {
            Ok(found)
        } else {
            Err(Error::Link(parts.join("; ")))
        }
    }

    /// Whether something may be imported as what is asked for.
    fn fits(&self, types: &[u32], wanted: &ImportKind, what: Extern) -> bool {
        match (*wanted, what) {
            (ImportKind::Func(ty), Extern::Func(func)) => {
                self.funcs.get(func as usize).map(|func| func.type_number) == types.get(ty as usize).copied()
            }
            (ImportKind::Tag(ty), Extern::Tag(tag)) => self.tags.get(tag as usize) == types.get(ty as usize),
            (ImportKind::Table(wanted), Extern::Table(table)) => {
                self.tables.get(table as usize).is_some_and(|table| {
                    in_store(wanted.element, types) == table.ty().element
                        && wanted.table64 == table.ty().table64
                        && limits_fit((wanted.min, wanted.max), (table.len().into(), table.ty().max))
                })
            }
            (ImportKind::Memory(wanted), Extern::Memory(memory)) => {
                self.memories.get(memory as usize).is_some_and(|memory| {
                    wanted.memory64 == memory.ty().memory64
                        && limits_fit((wanted.min, wanted.max), (memory.pages().into(), memory.ty().max))
                })
            }
            (ImportKind::Global(wanted), Extern::Global(global)) => {
                let wanted_ty = in_store(wanted.ty, types);
                self.globals.get(global as usize).is_some_and(|global| {
                    global.ty.mutable == wanted.mutable
                        && (global.ty.ty == wanted_ty
                            || !wanted.mutable && global.ty.ty.is_subtype_of(wanted_ty))
                })
            }
            _ => false,
        }
    }

    /// What something is, in words.
    fn describe(&self, what: Extern) -> String {
        match what {
            Extern::Func(func) => match self.func_type(func) {
                Some(ty) => format!("function {ty}"),
                None => "nothing".to_string(),
            },
            Extern::Table(table) => match self.tables.get(table as usize) {
                Some(table) => describe_table(TableType {
                    min: table.len().into(),
                    ..table.ty()
                }),
                None => "nothing".to_string(),
            },
            Extern::Memory(memory) => match self.memories.get(memory as usize) {
                Some(memory) => describe_memory(MemoryType {
                    min: memory.pages().into(),
                    ..memory.ty()
                }),
                None => "nothing".to_string(),
            },
            Extern::Global(global) => match self.globals.get(global as usize) {
                Some(global) => describe_global(global.ty),
                None => "nothing".to_string(),
            },
            Extern::Tag(tag) => match self.tags.get(tag as usize).and_then(|&ty| self.types.get(ty)) {
                Some(ty) => format!("tag {ty}"),
                None => "nothing".to_string(),
            },
        }
    }

    /// The record that names a host function.
    pub(super) fn host_record(&self, type_number: u32, host: u32) -> VmRecord {
        let mut record = VmRecord::new(func_ref::SIZE);
        if let Some(native) = &self.native {
            record.put_u64(func_ref::CODE as u32, native.host_stub());
            record.put_u64(func_ref::VMCTX as u32, native.host_vmctx());
        }
        record.put_u32(func_ref::TYPE as u32, type_number);
        record.put_u32(func_ref::INSTANCE as u32, u32::MAX);
        record.put_u32(func_ref::FUNC as u32, host);
        record
    }

    /// Allocates an instance over its imports and fills its VmCtx.
    fn allocate(
        &mut self,
        module: &Arc<Module>,
        imports: Vec<Extern>,
        type_numbers: &[u32],
    ) -> Result<u32, Error> {
        let number = self.instances.len() as u32;
        let layout = module.vm_layout();
        let mut record = VmRecord::new(layout.size);
        let fixed = self.fixed_part();
        fixed.write(&mut record, number);

        let (mut funcs, mut tables, mut memories) = (vec![], vec![], vec![]);
        let (mut globals, mut tags) = (vec![], vec![]);
        for import in imports {
            match import {
                Extern::Func(func) => funcs.push(func),
                Extern::Table(table) => tables.push(table),
                Extern::Memory(memory) => memories.push(memory),
                Extern::Global(global) => globals.push(global),
                Extern::Tag(tag) => tags.push(tag),
            }
        }
        for (index, &func) in funcs.iter().enumerate() {
            let reference = self.funcs.get(func as usize).map_or(0, |func| func.reference);
            record.put_u64(layout.imported_funcs + 8 * index as u32, reference);
        }
        for (index, &global) in globals.iter().enumerate() {
            let cell = self
                .globals
                .get(global as usize)
                .map_or(0, |global| global.cell.address());
            record.put_u64(layout.imported_globals + 8 * index as u32, cell);
        }

        // Whatever can be refused comes before anything that is numbered.
        let mut new_tables = Vec::new();
        let mut elements = self.table_elements();
        for &ty in module.tables.iter().skip(module.imported_tables as usize) {
            elements = elements.saturating_add(ty.min);
            if elements > MAX_ELEMENTS_OF_STORE {
                return Err(Error::Host(format!(
                    "tables of more than {MAX_ELEMENTS_OF_STORE} elements together"
                )));
            }
            new_tables.push(Table::new(TableType {
                element: in_store(ty.element, type_numbers),
                ..ty
            })?);
        }
        let mut new_memories = Vec::new();
        for &ty in module.memories.iter().skip(module.imported_memories as usize) {
            new_memories.push(Memory::new(ty, self.memory_limit_pages, self.native.is_none())?);
        }
        for table in new_tables {
            tables.push(self.tables.len() as u32);
            self.tables.push(table);
        }
        for memory in new_memories {
            memories.push(self.memories.len() as u32);
            self.memories.push(memory);
        }
        for (index, &table) in tables.iter().enumerate() {
            let address = self.tables.get(table as usize).map_or(0, Table::record);
            record.put_u64(layout.tables + 8 * index as u32, address);
        }
        for (index, &memory) in memories.iter().enumerate() {
            let Some(memory) = self.memories.get(memory as usize) else {
                continue;
            };
            record.put_u64(layout.memories + 8 * index as u32, memory.record());
            if index == 0 {
                record.put_u64(vmctx::MEMORY0_BASE as u32, memory.base());
                record.put_u64(vmctx::MEMORY0 as u32, memory.record());
            }
        }

        for (index, &number) in type_numbers.iter().enumerate() {
            record.put_u32(layout.type_ids + 4 * index as u32, number);
        }
        let defined = module.func_types.iter().skip(module.imported_funcs as usize);
        for (index, &ty) in defined.enumerate() {
            let offset = layout.func_refs + func_ref::SIZE * index as u32;
            let func = module.imported_funcs + index as u32;
            let type_number = type_numbers.get(ty as usize).copied().unwrap_or(u32::MAX);
            record.put_u64(offset + func_ref::CODE as u32, fixed.lazy_stub);
            record.put_u64(offset + func_ref::VMCTX as u32, record.address());
            record.put_u32(offset + func_ref::TYPE as u32, type_number);
            record.put_u32(offset + func_ref::INSTANCE as u32, number);
            record.put_u32(offset + func_ref::FUNC as u32, func);
            funcs.push(self.add_func(Func {
                type_number,
                callee: Callee::Wasm {
                    instance: number,
                    func,
                },
                reference: record.address() + u64::from(offset),
            }));
        }
        for (index, &ty) in (module.globals.iter().skip(module.imported_globals as usize)).enumerate() {
            globals.push(self.globals.len() as u32);
            self.globals.push(Global {
                ty: GlobalType {
                    ty: in_store(ty.ty, type_numbers),
                    ..ty
                },
                cell: record.cell(layout.globals + 16 * index as u32),
            });
        }
        for &ty in module.tags.iter().skip(module.imported_tags as usize) {
            tags.push(self.tags.len() as u32);
            self.tags
                .push(type_numbers.get(ty as usize).copied().unwrap_or(u32::MAX));
        }
        self.instances.push(Instance {
            module: module.clone(),
            layout,
            vmctx: record,
            funcs,
            tables,
            memories,
            globals,
            tags,
            data: Vec::new(),
            elements: Vec::new(),
        });
        self.tell_watched(number);

        for (index, init) in module.global_inits.iter().enumerate() {
            let bits = self.evaluate(number, init);
            if let Some(global) = self.global_record(number, module.imported_globals + index as u32) {
                global.cell.set(bits);
            }
        }
        for (index, init) in module.table_inits.iter().enumerate() {
            let Some(init) = init else { continue };
            let bits = self.evaluate(number, init) as u64;
            let table = module.imported_tables + index as u32;
            let len = self.table(number, table).map_or(0, <[u64]>::len) as u64;
            // The whole of it is within its bounds.
            let _ = self.table_fill(number, table, (0, len), bits);
        }
        let elements = (module.elements.iter())
            .map(|segment| {
                segment
                    .items
                    .iter()
                    .map(|item| self.element(number, item))
                    .collect()
            })
            .collect();
        if let Some(instance) = self.instances.last_mut() {
            instance.elements = elements;
            instance.data = (module.data.iter())
                .map(|segment| Arc::from(module.bytes.get(segment.range.clone()).unwrap_or_default()))
                .collect();
        }
        if let Some(native) = &mut self.native {
            native.set_memories(self.memories.iter().map(Memory::reservation).collect());
        }
        Ok(number)
    }

    /// The bits of an element of a segment.
    fn element(&self, instance: u32, item: &ElementItem) -> u64 {
        match item {
            ElementItem::Func(func) => self.reference(instance, *func),
            ElementItem::Null => 0,
            ElementItem::Expr(code) => self.evaluate(instance, code) as u64,
        }
    }

    /// The bits of a constant expression.
    fn evaluate(&self, instance: u32, code: &ConstExpr) -> u128 {
        let mut stack: Vec<u128> = Vec::with_capacity(1);
        for op in code {
            // Validated: operands are there and of the right types.
            let bits = match *op {
                ConstOp::Const(val) => val.bits(),
                ConstOp::GlobalGet(global) => self.global(instance, global).map_or(0, |val| val.bits()),
                ConstOp::RefFunc(func) => u128::from(self.reference(instance, func)),
                ConstOp::RefNull(_) => 0,
                arithmetic => {
                    let (y, x) = (stack.pop().unwrap_or(0), stack.pop().unwrap_or(0));
                    let (a, b) = (x as u32, y as u32);
                    let (c, d) = (x as u64, y as u64);
                    match arithmetic {
                        ConstOp::I32Add => u128::from(a.wrapping_add(b)),
                        ConstOp::I32Sub => u128::from(a.wrapping_sub(b)),
                        ConstOp::I32Mul => u128::from(a.wrapping_mul(b)),
                        ConstOp::I64Add => u128::from(c.wrapping_add(d)),
                        ConstOp::I64Sub => u128::from(c.wrapping_sub(d)),
                        _ => u128::from(c.wrapping_mul(d)),
                    }
                }
            };
            stack.push(bits);
        }
        stack.pop().unwrap_or(0)
    }

    /// The reference bits of a function of an instance.
    pub(super) fn reference(&self, instance: u32, func: u32) -> u64 {
        let number = self
            .instance(instance)
            .and_then(|instance| instance.funcs.get(func as usize));
        let func = number.and_then(|&number| self.funcs.get(number as usize));
        func.map_or(0, |func| func.reference)
    }

    /// Applies and drops the active element segments; drops the declared ones.
    fn apply_elements(&mut self, number: u32, module: &Module) -> Result<(), TrapKind> {
        for (index, segment) in module.elements.iter().enumerate() {
            let index = index as u32;
            match &segment.mode {
                SegmentMode::Passive => continue,
                SegmentMode::Declared => {}
                SegmentMode::Active { index: table, offset } => {
                    let offset = self.evaluate(number, offset) as u64;
                    let len = segment.items.len() as u64;
                    self.table_init(number, *table, index, (offset, 0, len))?;
                }
            }
            self.elem_drop(number, index);
        }
        Ok(())
    }

    /// Applies and drops the active data segments.
    fn apply_data(&mut self, number: u32, module: &Module) -> Result<(), TrapKind> {
        for (index, segment) in module.data.iter().enumerate() {
            if let SegmentMode::Active {
                index: memory,
                offset,
            } = &segment.mode
            {
                let offset = self.evaluate(number, offset) as u64;
                let len = segment.range.len() as u64;
                self.memory_init(number, *memory, index as u32, (offset, 0, len))?;
                self.data_drop(number, index as u32);
            }
        }
        Ok(())
    }
}

/// Whether (length, maximum) is within what an import asks for.
fn limits_fit(wanted: (u64, Option<u64>), given: (u64, Option<u64>)) -> bool {
    given.0 >= wanted.0
        && match (wanted.1, given.1) {
            (None, _) => true,
            (Some(wanted), given) => given.is_some_and(|given| given <= wanted),
        }
}

/// A module's type as the store has it.
fn in_store(ty: ValType, types: &[u32]) -> ValType {
    ty.renumbered(|index| types.get(index as usize).copied().unwrap_or(u32::MAX))
}

fn describe_import(module: &Module, import: &Import) -> String {
    let ty = match import.kind {
        ImportKind::Func(ty) => match module.types.get(ty as usize) {
            Some(ty) => format!("function {ty}"),
            None => format!("function of type {ty}"),
        },
        ImportKind::Table(ty) => describe_table(ty),
        ImportKind::Memory(ty) => describe_memory(ty),
        ImportKind::Global(ty) => describe_global(ty),
        ImportKind::Tag(ty) => match module.types.get(ty as usize) {
            Some(ty) => format!("tag {ty}"),
            None => format!("tag of type {ty}"),
        },
    };
    format!(
        "\"{}\".\"{}\": {ty}",
        import.module.escape_debug(),
        import.field.escape_debug()
    )
}

fn describe_limits(min: u64, max: Option<u64>) -> String {
    match max {
        Some(max) => format!("{min} to {max}"),
        None => format!("{min} or more"),
    }
}

fn describe_table(ty: TableType) -> String {
    let limits = describe_limits(ty.min, ty.max);
    let wide = if ty.table64 { " with 64-bit indices" } else { "" };
    format!("table of {limits} {}{wide}", ty.element)
}

fn describe_memory(ty: MemoryType) -> String {
    let wide = if ty.memory64 { " with 64-bit addresses" } else { "" };
    format!("memory of {} pages{wide}", describe_limits(ty.min, ty.max))
}

fn describe_global(ty: GlobalType) -> String {
    format!(
        "{} global {}",
        if ty.mutable { "mutable" } else { "constant" },
        ty.ty
    )
}
