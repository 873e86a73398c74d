//! A module's static shape in the words of [`ModuleInfo`].
//!
//! Must not know: the guest, stops.

use super::event::{ExportInfo, FunctionInfo, GlobalInfo, ImportInfo, ModuleInfo, SectionInfo};
use crate::module::{ExportKind, ImportKind, Module};
use crate::types::FuncType;
use std::collections::HashMap;
use std::sync::Arc;
use stepwell_debuginfo::ModuleOffset;

/// The shape of a module, with its functions' and globals' names by index.
pub fn module_info(
    module: &Module,
    name: &str,
    (funcs, globals): (&[String], &[Option<String>]),
    compiled: bool,
) -> ModuleInfo {
    // Shared, because a long type may be that of very many functions.
    let types: Vec<Arc<FuncType>> = module.types.iter().cloned().map(Arc::new).collect();
    let type_of = |func: usize| {
        let ty = module.func_types.get(func).and_then(|&ty| types.get(ty as usize));
        ty.cloned().unwrap_or_default()
    };
    ModuleInfo {
        name: name.to_string(),
        len_bytes: module.bytes.len() as u64,
        sections: (module.sections.iter())
            .map(|section| SectionInfo {
                name: section.name.clone(),
                custom: section.custom,
                offset: ModuleOffset(section.range.start as u64),
                len_bytes: section.range.len() as u64,
                count: section.count,
            })
            .collect(),
        functions: (0..module.func_types.len() as u32)
            .map(|index| FunctionInfo {
                index,
                name: funcs.get(index as usize).cloned().unwrap_or_default(),
                ty: type_of(index as usize),
                imported: index < module.imported_funcs,
                body: module.body(index).map_or((ModuleOffset(0), 0), |body| {
                    (ModuleOffset(body.range.start as u64), body.range.len() as u64)
                }),
            })
            .collect(),
        imports: (module.imports.iter())
            .map(|import| ImportInfo {
                module: import.module.clone(),
                field: import.field.clone(),
                ty: import_type(module, &import.kind),
            })
            .collect(),
        exports: (module.exports.iter())
            .map(|export| {
                let (kind, index) = match export.kind {
                    ExportKind::Func(index) => ("func", index),
                    ExportKind::Table(index) => ("table", index),
                    ExportKind::Memory(index) => ("memory", index),
                    ExportKind::Global(index) => ("global", index),
                    ExportKind::Tag(index) => ("tag", index),
                };
                ExportInfo {
                    name: export.name.clone(),
                    kind: kind.to_string(),
                    index,
                }
            })
            .collect(),
        globals: (module.globals.iter().enumerate())
            .map(|(index, global)| GlobalInfo {
                name: globals.get(index).cloned().flatten(),
                ty: global.ty,
                mutable: global.mutable,
            })
            .collect(),
        memories: (module.memories.iter())
            .map(|memory| (memory.min, memory.max))
            .collect(),
        tables: (module.tables.iter())
            .map(|table| (table.element, table.min, table.max))
            .collect(),
        data: (module.data.iter())
            .map(|data| (ModuleOffset(data.range.start as u64), data.range.len() as u64))
            .collect(),
        elements: (module.elements.iter())
            .map(|segment| segment.items.len() as u64)
            .collect(),
        start: module.start,
        compiled,
        types,
    }
}

/// The globals' names: of the `name` section, else of the first export.
pub fn global_names(module: &Module) -> Vec<Option<String>> {
    let exported = exported(module, |kind| match kind {
        ExportKind::Global(index) => Some(index),
        _ => None,
    });
    (0..module.globals.len() as u32)
        .map(|index| {
            (module.names.globals.get(&index).cloned())
                .or_else(|| exported.get(&index).map(|name| name.to_string()))
        })
        .collect()
}

/// The functions' names without debug info: of the `name` section, else of the first export, else by index.
pub fn plain_function_names(module: &Module) -> Vec<String> {
    let exported = exported(module, |kind| match kind {
        ExportKind::Func(index) => Some(index),
        _ => None,
    });
    (0..module.func_types.len() as u32)
        .map(|index| {
            (module.names.funcs.get(&index).cloned())
                .or_else(|| exported.get(&index).map(|name| name.to_string()))
                .unwrap_or_else(|| format!("func[{index}]"))
        })
        .collect()
}

/// The first export of each index of a space. There may be as many exports as functions: they are walked once.
fn exported(module: &Module, space: impl Fn(ExportKind) -> Option<u32>) -> HashMap<u32, &str> {
    let mut names = HashMap::new();
    for export in &module.exports {
        if let Some(index) = space(export.kind) {
            names.entry(index).or_insert(export.name.as_str());
        }
    }
    names
}

fn import_type(module: &Module, kind: &ImportKind) -> String {
    let limits = |min: u64, max: Option<u64>| match max {
        Some(max) => format!("{min}..{max}"),
        None => format!("{min}.."),
    };
    match kind {
        ImportKind::Func(ty) => match module.types.get(*ty as usize) {
            Some(ty) => format!("func {ty}"),
            None => "func".to_string(),
        },
        ImportKind::Table(table) => format!("table {} {}", limits(table.min, table.max), table.element),
        ImportKind::Memory(memory) => format!("memory {}", limits(memory.min, memory.max)),
        ImportKind::Global(global) if global.mutable => format!("global mut {}", global.ty),
        ImportKind::Global(global) => format!("global {}", global.ty),
        ImportKind::Tag(ty) => match module.types.get(*ty as usize) {
            Some(ty) => format!("tag {ty}"),
            None => "tag".to_string(),
        },
    }
}
