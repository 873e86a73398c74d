//! `stepwell inspect`: what is in a module, without running it. A client of a session like the other front ends: it
//! listens until the debug info has come, and never starts the guest.
//!
//! # Invariants
//! - The text depends on the file, and on the files it names, alone: no times, no order of chance.
//!
//! Must not know: the store.

use super::{Exit, write_out};
use crate::launch;
use crate::source_cache::SourceCache;
use anyhow::{Result, anyhow, bail};
use clap::Args;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;
use stepwell_debuginfo::{Finding, FindingKind, SourceState};
use stepwell_engine::debugger::{DebugSummary, Event, ModuleInfo, Session, SessionConfig};
use stepwell_engine::types::ValType;

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
    let name = args.file.display().to_string();
    let session = Session::spawn(
        SessionConfig {
            module: launch::read_module(&args.file)?,
            name: name.clone(),
            path: Some(args.file.clone()),
            interpreter: true,
            ..SessionConfig::default()
        },
        || {},
    );
    let (mut module, mut refused) = (None, None);
    let debug = loop {
        match session.wait_event(Duration::MAX) {
            Some(Event::Loaded(info)) => module = Some(info),
            Some(Event::LoadFailed { message }) if module.is_none() => {
                return Err(anyhow!("{message}").context(name));
            }
            Some(Event::LoadFailed { message }) => refused = Some(message),
            Some(Event::DebugInfo(debug)) => break debug,
            Some(_) => {}
            None => bail!("{name}: the session ended before it had read the module"),
        }
    };
    let Some(module) = module else {
        bail!("{name}: the session did not tell what is in the module");
    };
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(out, "{name}: {} bytes\n\n", module.len_bytes);
    sections(&mut out, &module);
    contents(&mut out, &module);
    if let Some(why) = refused {
        let _ = writeln!(out, "cannot be run by itself: {why}");
    }
    let mut sources = SourceCache::new(Some(&args.file)).with_bundled(launch::SAMPLE_SOURCES);
    sources.learn(&debug.files);
    debug_info(&mut out, &debug, &sources);
    let of_sources = sources.findings(&debug.files);
    findings(&mut out, debug.findings.iter().chain(&of_sources));
    write_out(&out)?;
    Ok(Exit::SUCCESS)
}

fn sections(out: &mut String, module: &ModuleInfo) {
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
            section.offset.0, section.len_bytes
        );
        if let Some(count) = section.count {
            let _ = write!(out, " {count:>7} entries");
        }
        out.push('\n');
    }
}

fn contents(out: &mut String, module: &ModuleInfo) {
    let _ = writeln!(out, "\nimports");
    for import in &module.imports {
        let _ = writeln!(out, "  {}.{}: {}", import.module, import.field, import.ty);
    }
    none_if(out, module.imports.is_empty());
    let _ = writeln!(out, "\nexports");
    for export in &module.exports {
        let _ = write!(out, "  {}: {}[{}]", export.name, export.kind, export.index);
        let function = module.functions.get(export.index as usize);
        if let Some(function) = function.filter(|_| export.kind == "func") {
            let _ = write!(out, " {}", function.ty);
        }
        out.push('\n');
    }
    none_if(out, module.exports.is_empty());
    let imported = module
        .functions
        .iter()
        .filter(|function| function.imported)
        .count();
    let _ = writeln!(
        out,
        "\nfunctions: {} defined, {imported} imported",
        module.functions.len().saturating_sub(imported)
    );
    for &(min, max) in &module.memories {
        let _ = writeln!(out, "{}", memory(min, max));
    }
    for &(element, min, max) in &module.tables {
        let _ = writeln!(out, "{}", table(element, min, max));
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

fn memory(min: u64, max: Option<u64>) -> String {
    match max {
        Some(max) => format!("memory: {min} to {max} pages of 64 KiB"),
        None => format!("memory: {min} pages of 64 KiB or more"),
    }
}

fn table(element: ValType, min: u64, max: Option<u64>) -> String {
    match max {
        Some(max) => format!("table: {min} to {max} elements of {element}"),
        None => format!("table: {min} elements of {element} or more"),
    }
}

fn debug_info(out: &mut String, debug: &DebugSummary, sources: &SourceCache) {
    let _ = writeln!(out, "\ndebug info");
    if debug.units.is_empty() {
        let _ = writeln!(out, "  no units");
    }
    for unit in debug.units.iter().take(UNITS_SHOWN) {
        let _ = writeln!(
            out,
            "  {} ({}, DWARF {}, {}): {}{}",
            unit.name,
            unit.language.name(),
            unit.version,
            unit.producer,
            unit.contents(),
            source_words(sources.state_of_unit(unit, &debug.files))
        );
    }
    if debug.units.len() > UNITS_SHOWN {
        let _ = writeln!(out, "  ... and {} units more", debug.units.len() - UNITS_SHOWN);
    }
    let _ = writeln!(
        out,
        "  source lines: {}; source files: {}",
        if debug.has_lines { "yes" } else { "no" },
        debug.files.len()
    );
    let _ = writeln!(
        out,
        "  broken: {}",
        if debug.diagnostics.is_empty() {
            "nothing"
        } else {
            "yes"
        }
    );
}

/// What became of a unit's own source file, if it has code.
fn source_words(state: Option<SourceState>) -> &'static str {
    match state {
        None => "",
        Some(SourceState::Found) => ", source found",
        Some(SourceState::Stale) => ", source stale",
        Some(SourceState::Missing) => ", source not found",
    }
}

/// What is the matter, and after the last of a kind what to do about it.
fn findings<'a>(out: &mut String, findings: impl Iterator<Item = &'a Finding>) {
    let _ = writeln!(out, "\nfindings");
    let mut findings = findings.peekable();
    none_if(out, findings.peek().is_none());
    while let Some(finding) = findings.next() {
        let _ = writeln!(out, "  {}", finding.message);
        let same = |next: &&Finding| next.kind == finding.kind && finding.kind == FindingKind::Broken;
        if !findings.peek().is_some_and(same) {
            let _ = writeln!(out, "    {}", finding.advice);
        }
    }
}
