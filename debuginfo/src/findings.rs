//! What debug info lacks, and what to do about it: the one table that window and command line show.
//!
//! # Invariants
//! - A finding is a fact about the file, with one sentence of advice; what cannot be told for sure is no finding.
//! - Sentences stand here and nowhere else. Findings about source files are made by who looks for them
//!   ([`SourceState`]), in the words of this table.

use crate::dwarf::lines::Lines;
use crate::dwarf::units::Units;
use crate::sections::ModuleMap;
use crate::{Diagnostic, UnitSummary};
use serde::{Deserialize, Serialize};

/// What is the matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FindingKind {
    /// The module has neither DWARF nor a source map.
    NoDebugInfo,
    /// Go wrote the module; its compiler has no debug info for WebAssembly.
    Go,
    /// Lines come from a source map.
    SourceMap,
    /// The file with all debug info was not found.
    ExternalMissing,
    /// The file with all debug info is not of this build.
    ExternalForeign,
    /// The source map was not found.
    SourceMapMissing,
    /// A split part was not found.
    PartMissing,
    /// There are functions and variables, but no lines.
    NoLines,
    /// There are lines, but no functions and variables.
    LinesOnly,
    /// Some functions have no debug info.
    SomeWithout,
    /// Addresses do not fit the code.
    Rewritten,
    /// Debug info that cannot be read.
    Broken,
    /// Source files that were not found.
    SourcesMissing,
    /// Source files that are not what was compiled.
    SourcesStale,
}

/// One thing that a person should know about the debug info.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What is the matter.
    pub kind: FindingKind,
    /// That, in one sentence, with names and numbers.
    pub message: String,
    /// What to do about it, in one sentence.
    pub advice: String,
}

impl Finding {
    fn new(kind: FindingKind, message: String) -> Finding {
        let advice = kind.advice().to_string();
        Finding {
            kind,
            message,
            advice,
        }
    }
}

/// Whether a source file was found where it was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceState {
    /// It is what was compiled, or nothing says otherwise.
    Found,
    /// A file is there, but its checksum differs from the recorded one.
    Stale,
    /// It was not found.
    Missing,
}

impl FindingKind {
    fn advice(&self) -> &'static str {
        match self {
            FindingKind::NoDebugInfo => {
                "Compile and link with -g (Rust: debug = true; Zig: -O Debug or -fno-strip), and do not strip the module afterwards."
            }
            FindingKind::Go => {
                "Step by instruction, or build with TinyGo, which writes DWARF unless -no-debug is given."
            }
            FindingKind::SourceMap => {
                "Look at wasm locals for values; a source map says nothing of variables."
            }
            FindingKind::ExternalMissing => {
                "Put the file beside the module, or link with -g instead of -gseparate-dwarf."
            }
            FindingKind::ExternalForeign => "Link again and take both files of the same build.",
            FindingKind::SourceMapMissing => "Put the source map beside the module.",
            FindingKind::PartMissing => {
                "Keep the .dwo files where they were compiled, pack them with llvm-dwp into MODULE.dwp, or compile without -gsplit-dwarf."
            }
            FindingKind::NoLines => "Compile with -g, and see that no later tool drops .debug_line.",
            FindingKind::LinesOnly => {
                "Compile with -g (Rust: debug = 2) instead of -gline-tables-only or -g1."
            }
            FindingKind::SomeWithout => "Build the libraries that they come from with -g as well.",
            FindingKind::Rewritten => {
                "Debug the module as the linker wrote it, or pass -g to the tool that rewrote it (wasm-opt -g)."
            }
            FindingKind::Broken => {
                "Build the module again; if it stays, a tool in the build writes damaged debug info."
            }
            FindingKind::SourcesMissing => {
                "Add the folder with the sources, or map the recorded path to it; -fdebug-prefix-map (Rust: --remap-path-prefix) records other paths."
            }
            FindingKind::SourcesStale => {
                "Build again from the sources as they are, or check out those that were compiled."
            }
        }
    }
}

/// Parts of debug info as they were found.
pub(crate) struct Evidence<'a> {
    pub map: &'a ModuleMap,
    pub units: &'a Units,
    pub lines: &'a Lines,
    pub summaries: &'a [UnitSummary],
    pub mapped: bool,
    pub source_map_missing: bool,
    pub diagnostics: &'a [Diagnostic],
}

/// Bodies whose lines are compared with their operators.
const SAMPLE: usize = 64;

/// What is to be said about debug info.
pub(crate) fn findings(evidence: &Evidence<'_>) -> Vec<Finding> {
    let Evidence {
        map,
        units,
        lines,
        summaries,
        ..
    } = *evidence;
    let mut found = Vec::new();
    let mut say = |kind, message: String| found.push(Finding::new(kind, message));
    let functions = map.bodies.len();
    let (described, exact) = units.described();
    let go = map.producers.iter().any(|line| line.starts_with("language: Go "));
    if evidence.mapped {
        let message = "Lines come from a source map; source variables are not described.";
        say(FindingKind::SourceMap, message.to_string());
    }
    match (&map.external_debug_info, map.has_section(".debug_info")) {
        (Some(path), false) if map.external_foreign.is_some() => say(
            FindingKind::ExternalForeign,
            format!(
                "The debug info in {path} is not used: {}.",
                map.external_foreign.unwrap_or_default()
            ),
        ),
        (Some(path), false) if !map.has_external() => say(
            FindingKind::ExternalMissing,
            format!("The debug info is in another file, {path}, which was not found."),
        ),
        _ => {}
    }
    if evidence.source_map_missing
        && let Some(url) = &map.source_map
    {
        let url: String = url.chars().take(200).collect();
        say(
            FindingKind::SourceMapMissing,
            format!("The source map {url} was not found."),
        );
    }
    if found_nothing(evidence) && found_no_hint(map) {
        if go {
            let message = "Go writes no debug info for WebAssembly: functions have names, lines and variables are unknown.";
            say(FindingKind::Go, message.to_string());
        } else {
            let message = "The module has no debug info.";
            say(FindingKind::NoDebugInfo, message.to_string());
        }
    }
    let missing: Vec<&UnitSummary> = (summaries.iter())
        .filter(|unit| unit.missing_part.is_some())
        .collect();
    if let Some(part) = missing.first().and_then(|first| first.missing_part.as_ref()) {
        let message = match missing.len() {
            1 => format!("Functions and variables of one unit are in {part}, which was not found."),
            count => format!(
                "Functions and variables of {count} units are in other files ({part}, ...), which were not found."
            ),
        };
        say(FindingKind::PartMissing, message);
    }
    let whole = |unit: &&UnitSummary| unit.missing_part.is_none();
    let named = |units: Vec<&UnitSummary>| -> Option<String> {
        let first = units.first()?;
        Some(match units.len() {
            1 => first.name.clone(),
            count => format!("{count} units ({}, ...)", first.name),
        })
    };
    let no_lines = (summaries.iter().filter(whole)).filter(|unit| unit.functions > 0 && !unit.has_lines);
    if lines.any()
        && let Some(units) = named(no_lines.collect())
    {
        say(FindingKind::NoLines, format!("There are no lines for {units}."));
    }
    let lines_only = (summaries.iter().filter(whole))
        .filter(|unit| unit.has_lines && !unit.has_variables && !unit.assembly);
    if !evidence.mapped
        && let Some(units) = named(lines_only.collect())
    {
        let message = format!("There are lines but no variables for {units}.");
        say(FindingKind::LinesOnly, message);
    }
    let (sampled, off) = lines.off_operators(map, SAMPLE);
    if !summaries.is_empty() && !lines.any() && described == 0 && functions > 0 && missing.is_empty() {
        let message = "Debug info is there, but none of it belongs to any function: a tool rewrote the code after it was linked.";
        say(FindingKind::Rewritten, message.to_string());
    } else if !evidence.mapped && !lines.any() && described > 0 {
        let message = "There are functions and variables, but no line belongs to any function.";
        say(FindingKind::NoLines, message.to_string());
    } else if off.saturating_mul(20) > sampled {
        let message = format!(
            "{off} of {sampled} lines looked at lie between instructions: a tool rewrote the code after it was linked."
        );
        say(FindingKind::Rewritten, message);
    } else if described >= 4 && exact.saturating_mul(2) < described {
        let message = format!(
            "Only {exact} of {described} functions end where the debug info says: a tool rewrote the code after it was linked."
        );
        say(FindingKind::Rewritten, message);
    }
    let without = functions.saturating_sub(described);
    // The linker makes a few functions of its own.
    if described > 0 && without.saturating_mul(20) > functions.max(40) {
        let message = format!("{without} of {functions} functions have no debug info.");
        say(FindingKind::SomeWithout, message);
    }
    for diagnostic in evidence.diagnostics {
        let place = match diagnostic.offset {
            Some(offset) => format!("{}+0x{offset:x}", diagnostic.section),
            None => diagnostic.section.clone(),
        };
        say(FindingKind::Broken, format!("{place}: {}", diagnostic.message));
    }
    found
}

fn found_nothing(evidence: &Evidence<'_>) -> bool {
    evidence.summaries.is_empty() && !evidence.lines.any()
}

/// Whether the module names no other file that would have it.
fn found_no_hint(map: &ModuleMap) -> bool {
    map.external_debug_info.is_none() && map.source_map.is_none()
}

/// What is to be said about source files, given what became of each.
pub fn source_findings<'a>(files: impl IntoIterator<Item = (&'a str, SourceState)>) -> Vec<Finding> {
    let (mut count, mut missing, mut stale) = (0usize, Vec::new(), Vec::new());
    for (path, state) in files {
        count = count.saturating_add(1);
        match state {
            SourceState::Found => {}
            SourceState::Stale => stale.push(path),
            SourceState::Missing => missing.push(path),
        }
    }
    let mut found = Vec::new();
    let such_as = |paths: &[&str]| {
        paths
            .first()
            .map_or(String::new(), |first| format!(", such as {first}"))
    };
    if !missing.is_empty() {
        let message = match (missing.as_slice(), count) {
            ([path], 1) => format!("The source file {path} was not found."),
            _ => format!(
                "{} of {count} source files were not found{}.",
                missing.len(),
                such_as(&missing)
            ),
        };
        found.push(Finding::new(FindingKind::SourcesMissing, message));
    }
    if !stale.is_empty() {
        let message = match stale.as_slice() {
            [path] => format!("The source file {path} is not, or may not be, what was compiled."),
            _ => format!(
                "{} of {count} source files are not, or may not be, what was compiled{}.",
                stale.len(),
                such_as(&stale)
            ),
        };
        found.push(Finding::new(FindingKind::SourcesStale, message));
    }
    found
}
