//! `stepwell inspect`: what is in a module, without running it.
//!
//! # Invariants
//! - The text depends on the file alone: no times, no machine, no order of chance.
//!
//! Must not know: the debugger session, the store.

use super::{Exit, write_out};
use crate::launch;
use anyhow::{Context, Result};
use clap::Args;
use std::fmt::Write;
use std::path::PathBuf;
use stepwell_debuginfo::{DebugInfo, Language};
use stepwell_engine::module::{ExportKind, ImportKind, MemoryType, Module, TableType, decode};

/// Units listed before the rest is only counted.
const UNITS_SHOWN: usize = 40;

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The module
    file: PathBuf,
}

/// Shows it.
pub fn inspect(args: &InspectArgs) -> Result<Exit> {
    let bytes = launch::read_module(&args.file)?;
    let module = decode(bytes.clone()).with_context(|| args.file.display().to_string())?;
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(out, "{}: {} bytes\n\n", args.file.display(), bytes.len());
    sections(&mut out, &module);
    contents(&mut out, &module);
    debug_info(&mut out, &DebugInfo::parse(bytes));
    write_out(&out)?;
    Ok(Exit::SUCCESS)
}

fn sections(out: &mut String, module: &Module) {
    let _ = writeln!(out, "sections");
    for section in &module.sections {
        let name = if section.custom {
            format!("custom {:?}", section.name)
        } else {
            section.name.clone()
        };
        let _ = write!(
            out,
            "  {name:<32} at 0x{:<8x} {:>9} bytes",
            section.range.start,
            section.range.len()
        );
        if let Some(count) = section.count {
            let _ = write!(out, " {count:>7} entries");
        }
        out.push('\n');
    }
}

fn contents(out: &mut String, module: &Module) {
    let _ = writeln!(out, "\nimports");
    for import in &module.imports {
        let what = match import.kind {
            ImportKind::Func(ty) => match module.types.get(ty as usize) {
                Some(ty) => format!("func {ty}"),
                None => "func".to_string(),
            },
            ImportKind::Table(ty) => table(ty),
            ImportKind::Memory(ty) => memory(ty),
            ImportKind::Global(ty) => {
                format!("global {}{}", if ty.mutable { "mut " } else { "" }, ty.ty)
            }
        };
        let _ = writeln!(out, "  {}.{}: {what}", import.module, import.field);
    }
    none_if(out, module.imports.is_empty());
    let _ = writeln!(out, "\nexports");
    for export in &module.exports {
        let what = match export.kind {
            ExportKind::Func(index) => format!("func[{index}] {}", module.func_type(index)),
            ExportKind::Table(index) => format!("table[{index}]"),
            ExportKind::Memory(index) => format!("memory[{index}]"),
            ExportKind::Global(index) => format!("global[{index}]"),
        };
        let _ = writeln!(out, "  {}: {what}", export.name);
    }
    none_if(out, module.exports.is_empty());
    let _ = writeln!(
        out,
        "\nfunctions: {} defined, {} imported",
        module.bodies.len(),
        module.imported_funcs
    );
    for &ty in &module.memories {
        let _ = writeln!(out, "{}", memory(ty));
    }
    for &ty in &module.tables {
        let _ = writeln!(out, "{}", table(ty));
    }
    let _ = writeln!(out, "globals: {}", module.globals.len());
    if let Some(start) = module.start {
        let _ = writeln!(out, "start function: func[{start}]");
    }
}

fn none_if(out: &mut String, empty: bool) {
    if empty {
        let _ = writeln!(out, "  none");
    }
}

fn memory(ty: MemoryType) -> String {
    match ty.max {
        Some(max) => format!("memory: {} to {max} pages of 64 KiB", ty.min),
        None => format!("memory: {} pages of 64 KiB or more", ty.min),
    }
}

fn table(ty: TableType) -> String {
    match ty.max {
        Some(max) => format!("table: {} to {max} elements of {}", ty.min, ty.element),
        None => format!("table: {} elements of {} or more", ty.min, ty.element),
    }
}

fn debug_info(out: &mut String, debug: &DebugInfo) {
    let _ = writeln!(out, "\ndebug info");
    let units = debug.units();
    if units.is_empty() {
        let _ = writeln!(out, "  no units");
    }
    for unit in units.iter().take(UNITS_SHOWN) {
        let language = match unit.language {
            Language::C => "C",
            Language::Cpp => "C++",
            Language::Rust => "Rust",
            Language::Zig => "Zig",
            Language::Other => "other",
        };
        let _ = writeln!(
            out,
            "  {} ({language}, DWARF {}, {})",
            unit.name, unit.version, unit.producer
        );
    }
    if units.len() > UNITS_SHOWN {
        let _ = writeln!(out, "  ... and {} units more", units.len() - UNITS_SHOWN);
    }
    let _ = writeln!(
        out,
        "  source lines: {}; source files: {}",
        if debug.has_lines() { "yes" } else { "no" },
        debug.files().len()
    );
    let diagnostics = debug.diagnostics();
    let _ = writeln!(
        out,
        "  broken: {}",
        if diagnostics.is_empty() { "nothing" } else { "yes" }
    );
    for diagnostic in diagnostics {
        let _ = match diagnostic.offset {
            Some(offset) => writeln!(
                out,
                "    {}+0x{offset:x}: {}",
                diagnostic.section, diagnostic.message
            ),
            None => writeln!(out, "    {}: {}", diagnostic.section, diagnostic.message),
        };
    }
}
