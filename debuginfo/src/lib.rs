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
mod dwarf;
mod expr;
mod findings;
mod model;
mod names;
mod query;
mod reaching;
mod sections;
mod source_map;
mod sources;
mod target;
mod value;

pub use address::{CodeOffset, CodeSection, ModuleOffset};
pub use expr::TEMPORARIES as CONDITION_TEMPORARIES;
pub use expr::error::ExpressionError;
pub use findings::{Finding, FindingKind, SourceState, source_findings};
pub use model::*;
pub use sources::{Candidate, SourceSearch, Toolchain};
pub use target::{FrameTypes, SlotType, Target, WasmValue};

use std::sync::Arc;

/// Everything known about a module's sources, functions and variables.
#[derive(Debug)]
pub struct DebugInfo {
    index: query::Index,
}

/// Debug info while it is being indexed, cut into jobs that can run side by side.
///
/// This crate starts no threads; a caller that has some shares `0..jobs()` out among them.
#[derive(Debug)]
pub struct Indexing(query::Making);

/// What came of one job of an [`Indexing`].
#[derive(Debug)]
pub struct IndexedPart(Option<query::Made>);

impl Indexing {
    /// Reads the headers, and asks `files` for what lies beside the module.
    pub fn start(module: Arc<[u8]>, files: &dyn Fn(&SideFile) -> Option<Arc<[u8]>>) -> Indexing {
        Indexing(query::Making::new(module, files))
    }

    /// How many jobs there are.
    pub fn jobs(&self) -> usize {
        self.0.jobs()
    }

    /// Does one of them. Nothing comes of a job that does not exist.
    pub fn run(&self, job: usize) -> IndexedPart {
        IndexedPart(self.0.run(job))
    }

    /// Puts the results together, in whatever order they came. A job that was not done leaves its unit empty.
    pub fn finish(self, parts: Vec<IndexedPart>) -> DebugInfo {
        DebugInfo {
            index: self
                .0
                .finish(parts.into_iter().filter_map(|part| part.0).collect()),
        }
    }
}

impl DebugInfo {
    /// Reads the debug sections of a module. Never fails: what could not be read is in
    /// [`diagnostics`](Self::diagnostics).
    pub fn parse(module: Arc<[u8]>) -> DebugInfo {
        DebugInfo::parse_with(module, &|_| None)
    }

    /// As [`parse`](Self::parse), with what lies beside the module: `files` gives the bytes of a file, if there
    /// is one ([`SideFile::candidates`] says where to look).
    pub fn parse_with(module: Arc<[u8]>, files: &dyn Fn(&SideFile) -> Option<Arc<[u8]>>) -> DebugInfo {
        let indexing = Indexing::start(module, files);
        let parts = (0..indexing.jobs()).map(|job| indexing.run(job)).collect();
        indexing.finish(parts)
    }

    /// What was found broken.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        self.index.diagnostics.clone()
    }

    /// Whether there is line information from DWARF.
    pub fn has_lines(&self) -> bool {
        self.index.lines.any()
    }

    /// What each unit says of itself.
    pub fn units(&self) -> Vec<UnitSummary> {
        self.index.summaries()
    }

    /// What is lacking, and what to do about it; what is broken is among it.
    pub fn findings(&self) -> Vec<Finding> {
        self.index.findings()
    }

    /// All source files that have code, by id.
    pub fn files(&self) -> &[SourceFile] {
        &self.index.lines.files
    }

    /// The text of a source file that the debug info itself holds.
    pub fn embedded_source(&self, file: FileId) -> Option<String> {
        self.index.lines.text(file)
    }

    /// Files whose path ends in `path` (compared by whole components, longest match first); an exact
    /// match wins alone.
    pub fn files_matching(&self, path: &str) -> Vec<FileId> {
        dwarf::lines::files_matching(self.files(), path)
    }

    /// The source place of an address; line 0 rows are skipped.
    pub fn location_from_code_offset(&self, at: CodeOffset) -> Option<SourceLocation> {
        self.index.location(at)
    }

    /// The source place of a file offset, if that is in the code.
    pub fn location_from_module_offset(&self, at: ModuleOffset) -> Option<SourceLocation> {
        self.index.location(self.index.map.code_offset(at)?)
    }

    /// Where a wished-for line has code.
    pub fn binding_from_line(&self, file: FileId, line: u32) -> Option<LineBinding> {
        self.index.binding(file, line)
    }

    /// The lines of `file` that have code, ascending.
    pub fn lines_with_code(&self, file: FileId) -> Vec<u32> {
        self.index.lines_with_code(file)
    }

    /// The ranges, inside the function at `at`, that belong to the same line (and the same inlined call)
    /// as `at`: what a line step must leave. Empty without line information.
    pub fn step_ranges(&self, at: CodeOffset) -> Vec<CodeRange> {
        self.index.step_ranges(at)
    }

    /// Whether `at` is where a line step may stop: the start of a statement row of a nonzero line.
    pub fn is_statement_start(&self, at: CodeOffset) -> bool {
        self.index.is_statement_start(at)
    }

    /// The first address after the prologue of the function that contains `at`.
    pub fn prologue_end(&self, at: CodeOffset) -> Option<CodeOffset> {
        self.index.prologue_end(self.index.map.body_at(at)?)
    }

    /// How many functions the module has, imports first.
    pub fn function_count(&self) -> u32 {
        self.index.function_count()
    }

    /// The name of a function for people: DWARF, `name` section, export, then `func[n]`; demangled.
    pub fn function_name(&self, func_index: u32) -> String {
        self.index.function_name(func_index)
    }

    /// The functions that `name` names: exact (plain, qualified or linkage name), else by last component.
    pub fn functions_named(&self, name: &str) -> Vec<FunctionMatch> {
        self.index.functions_named(name)
    }

    /// Where functions of a name begin that were inlined into others, named as for
    /// [`functions_named`](Self::functions_named).
    pub fn inlined_calls_named(&self, name: &str) -> Vec<CodeOffset> {
        self.index.inlined_calls_named(name)
    }

    /// Source frames at an address, innermost first; one (uninlined) frame at least.
    pub fn frames_at(&self, at: CodeOffset) -> Vec<SourceFrame> {
        self.index.frames(at)
    }

    /// Code ranges of the inlined call that is frame `inline_depth` (0 = innermost) at `at`.
    pub fn inline_ranges(&self, at: CodeOffset, inline_depth: usize) -> Vec<CodeRange> {
        self.index.inline_ranges(at, inline_depth)
    }

    /// Variables of source frame `inline_depth` (0 = innermost) at `at`: parameters, then locals of the
    /// blocks around `at`, outer first; a shadowed name appears once, as the inner one.
    pub fn variables(&self, at: CodeOffset, inline_depth: usize, target: &dyn Target) -> Vec<ValueNode> {
        self.index.variables(at, inline_depth, target)
    }

    /// Variables with static storage in the unit at `at`.
    pub fn statics(&self, at: CodeOffset, target: &dyn Target) -> Vec<ValueNode> {
        self.index.statics(at, target)
    }

    /// The children of an expandable node.
    pub fn children(&self, value: &ValueRef, target: &dyn Target) -> Vec<ValueNode> {
        self.index.children(value, target)
    }

    /// The value of an expression in the language of a frame, as a node named after it; what it may say stands in
    /// `expr`. An operand that is not there makes the node unavailable, with the operand's name.
    pub fn evaluate(
        &self,
        expression: &str,
        at: CodeOffset,
        inline_depth: usize,
        target: &dyn Target,
    ) -> Result<ValueNode, ExpressionError> {
        self.index.evaluate(expression, at, inline_depth, target)
    }

    /// WebAssembly code (of an expression with one `i32` result, `end` included) that says whether a condition holds
    /// in the frames that stand at `at`, as [`holds`](Self::holds) would; where that gives an error, the code traps.
    /// `None` if the condition, or what it reads, is not of the plain kind that is compiled.
    ///
    /// The code reads memory 0 and the instance's globals. Its locals are those of the frame; behind them come
    /// [`CONDITION_TEMPORARIES`] of its own, and behind those the operand stack's entries.
    pub fn condition_code(
        &self,
        condition: &str,
        at: CodeOffset,
        inline_depth: usize,
        types: &FrameTypes,
    ) -> Option<Vec<u8>> {
        self.index.condition_code(condition, at, inline_depth, types)
    }

    /// Whether a condition holds in a frame. An operand that is not there is an error: neither yes nor no.
    pub fn holds(
        &self,
        condition: &str,
        at: CodeOffset,
        inline_depth: usize,
        target: &dyn Target,
    ) -> Result<bool, ExpressionError> {
        self.index.holds(condition, at, inline_depth, target)
    }
}
