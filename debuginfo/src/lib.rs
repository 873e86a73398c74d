//! Debug information of a WebAssembly module, as questions and plain answers.
//!
//! # Invariants
//! - Pure data: no I/O, no threads, no `unsafe`; bytes in, answers out.
//! - Broken input gives a partial answer and a [`Diagnostic`], never a panic, a hang or unbounded memory.
//! - A value that may be wrong is not shown: it carries an [`Availability`] that says why.
//! - Addresses are typed ([`ModuleOffset`], [`CodeOffset`]); converting goes through [`CodeSection`].
//!
//! # What it must not know
//! The engine, the debugger session, or any front end. The live guest is reached only through [`Target`].

#![forbid(unsafe_code)]

mod address;
mod model;
mod target;

pub use address::{CodeOffset, CodeSection, ModuleOffset};
pub use model::*;
pub use target::{Target, WasmValue};

use std::sync::Arc;

/// Everything known about a module's sources, functions and variables.
#[derive(Debug)]
pub struct DebugInfo {}

impl DebugInfo {
    /// Reads the debug sections of a module. Never fails: what could not be read is in
    /// [`diagnostics`](Self::diagnostics).
    pub fn parse(_module: Arc<[u8]>) -> DebugInfo {
        DebugInfo {}
    }

    /// What was found broken so far.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// Whether there is line information from DWARF.
    pub fn has_lines(&self) -> bool {
        false
    }

    /// What each unit says of itself.
    pub fn units(&self) -> Vec<UnitSummary> {
        Vec::new()
    }

    /// All source files, by id.
    pub fn files(&self) -> &[SourceFile] {
        &[]
    }

    /// Files whose path ends in `path` (compared by whole components, longest match first); an exact
    /// match wins alone.
    pub fn files_matching(&self, _path: &str) -> Vec<FileId> {
        Vec::new()
    }

    /// The source place of an address; line 0 rows are skipped.
    pub fn location_from_code_offset(&self, _at: CodeOffset) -> Option<SourceLocation> {
        None
    }

    /// Where a wished-for line has code.
    pub fn binding_from_line(&self, _file: FileId, _line: u32) -> Option<LineBinding> {
        None
    }

    /// The lines of `file` that have code, ascending.
    pub fn lines_with_code(&self, _file: FileId) -> Vec<u32> {
        Vec::new()
    }

    /// The ranges, inside the function at `at`, that belong to the same line (and the same inlined call)
    /// as `at`: what a line step must leave. Empty without line information.
    pub fn step_ranges(&self, _at: CodeOffset) -> Vec<CodeRange> {
        Vec::new()
    }

    /// Whether `at` is where a line step may stop: the start of a statement row of a nonzero line.
    pub fn is_statement_start(&self, _at: CodeOffset) -> bool {
        false
    }

    /// The first address after the prologue of the function that contains `at`.
    pub fn prologue_end(&self, _at: CodeOffset) -> Option<CodeOffset> {
        None
    }

    /// The name of a function for people: DWARF, `name` section, export, then `func[n]`; demangled.
    pub fn function_name(&self, func_index: u32) -> String {
        format!("func[{func_index}]")
    }

    /// The functions that `name` names: exact (plain, qualified or linkage name), else by last component.
    pub fn functions_named(&self, _name: &str) -> Vec<FunctionMatch> {
        Vec::new()
    }

    /// Source frames at an address, innermost first; one (uninlined) frame at least.
    pub fn frames_at(&self, _at: CodeOffset) -> Vec<SourceFrame> {
        Vec::new()
    }

    /// Code ranges of the inlined call that is frame `inline_depth` (0 = innermost) at `at`.
    pub fn inline_ranges(&self, _at: CodeOffset, _inline_depth: usize) -> Vec<CodeRange> {
        Vec::new()
    }

    /// Variables of source frame `inline_depth` (0 = innermost) at `at`: parameters, then locals of the
    /// blocks around `at`, outer first; a shadowed name appears once, as the inner one.
    pub fn variables(&self, _at: CodeOffset, _inline_depth: usize, _target: &dyn Target) -> Vec<ValueNode> {
        Vec::new()
    }

    /// Variables with static storage in the unit at `at`.
    pub fn statics(&self, _at: CodeOffset, _target: &dyn Target) -> Vec<ValueNode> {
        Vec::new()
    }

    /// The children of an expandable node.
    pub fn children(&self, _value: &ValueRef, _target: &dyn Target) -> Vec<ValueNode> {
        Vec::new()
    }

    /// A variable by name, or a path of members and indices (`a.b[3]`, `p->x`, `*p`), as seen from a frame;
    /// `Err` says in one line what is wrong.
    pub fn evaluate(
        &self,
        _expression: &str,
        _at: CodeOffset,
        _inline_depth: usize,
        _target: &dyn Target,
    ) -> Result<ValueNode, String> {
        Err("no debug information".to_string())
    }
}
