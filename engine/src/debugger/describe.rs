//! A module's static shape in the words of [`ModuleInfo`].
//!
//! Must not know: the guest, stops.

use super::event::{ExportInfo, FunctionInfo, GlobalInfo, ImportInfo, ModuleInfo, SectionInfo};
use crate::module::{ExportKind, ImportKind, Module};
use stepwell_debuginfo::ModuleOffset;

/// The shape of a module; `names` are its functions' names by index.
pub fn module_info(module: &Module, name: &str, names: &[String], compiled: bool) -> ModuleInfo {
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
        types: module.types.clone(),
        functions: (0..module.func_types.len() as u32)
            .map(|index| FunctionInfo {
                index,
                name: names.get(index as usize).cloned().unwrap_or_default(),
                ty: module.func_type(index).clone(),
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
                name: global_name(module, index as u32),
                ty: global.ty,
                mutable: global.mutable,
            })
            .collect(),
        memories: (module.memories.iter())
            .map(|memory| (u64::from(memory.min), memory.max.map(u64::from)))
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
    }
}

/// A global's name: of the `name` section, else of an export.
pub fn global_name(module: &Module, index: u32) -> Option<String> {
    let exported = || {
        let export = (module.exports.iter()).find(|export| export.kind == ExportKind::Global(index))?;
        Some(export.name.clone())
    };
    module.names.globals.get(&index).cloned().or_else(exported)
}

/// A function's name without debug info: of the `name` section, else of an export, else by index.
pub fn plain_function_name(module: &Module, func: u32) -> String {
    let exported = || {
        let export = (module.exports.iter()).find(|export| export.kind == ExportKind::Func(func))?;
        Some(export.name.clone())
    };
    (module.names.funcs.get(&func).cloned())
        .or_else(exported)
        .unwrap_or_else(|| format!("func[{func}]"))
}

fn import_type(module: &Module, kind: &ImportKind) -> String {
    let limits = |min: u32, max: Option<u32>| match max {
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
    }
}
